"""All ways of measuring vectors, one measurement a file.

What is measured beside a sweep's questions has `prepare(setting)`; see `measuring`. To add such a
measure: a file here, a line with its columns in `records.measures`, a test.

Knows nothing of how vectors were found, and screens.

Public: ab, adaptive, answer_likelihood, cells, chats, equal_cost, generation, judges, knowledge,
lockstep, neutral, probes, rows, sampling, steering, sweeps, text_figures, tokens,
words, written.
"""
