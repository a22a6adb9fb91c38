"""The only room that touches `vectors/` and `results/`.

Knows nothing of models or screens.
"""
