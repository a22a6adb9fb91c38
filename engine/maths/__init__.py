"""Number and tensor maths that any field could use: directions, intervals, races, repeats,
a secant.

Knows nothing of models, questions or files.

Public: directions, intervals, race, repeats, secant.
"""
