"""How a model is steered, as values: what is done with a vector, where, when and how strongly.

Knows nothing of torch, files' contents or screens.
"""
