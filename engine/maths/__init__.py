"""Number and tensor maths that any field could use: directions, intervals, a race of means.

Knows nothing of models, questions or files.

Public: directions, intervals, race.
"""
