"""What loading a model would take and what is free, known before it is loaded.

Knows nothing of torch, of loading itself and of screens.
"""
