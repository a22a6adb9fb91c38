"""What steering does to a state: one file an operator, each with its formula and source.

An operator takes float32 states `[rows, tokens, hidden]`, the rows' strengths `[rows, 1, 1]` and
what each row needs besides, `[rows, ...]` by name; a vector is `unit` or `vector`, of length 1 or
as it is. Strength 0 leaves a state as it is; where that holds only up to rounding, `edits` leaves
such rows out. Knows nothing of sites, positions or models.

"""
