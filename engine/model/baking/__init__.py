"""A vector as a bias of a model's own, in a checkpoint that others load. Knows nothing of stores.

Public: places, writing.
"""
