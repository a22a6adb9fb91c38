"""What a model says of its own use beside its weights: how to draw, where to stop, how far it goes.

Knows nothing of torch, of running a model and of screens.
"""
