"""What to run: frozen values whose digest names a record, and one registry of every kind of run.

Knows nothing of torch, contents of files or screens.

Public: adaptive, behaviours, budgets, chats, core, datasets, evidence, fields, finders,
grid_columns, grids, judges, keywords, pairs, reads, registry, sound, steering, studies, sweeps,
training, values.
"""
