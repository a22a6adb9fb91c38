"""The texts that the demo model learns, and their words.

Knows nothing of models.
"""
