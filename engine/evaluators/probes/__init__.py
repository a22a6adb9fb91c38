"""How well directions of states tell two classes apart, and a fit that learns to, beside random.

Knows nothing of records, files' places and what is said of the figures.
"""
