"""Whether a judge agrees with people: its figures, the texts to rate, and the sentences on both.

Knows nothing of models and of how a judge reads.
"""
