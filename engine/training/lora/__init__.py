"""A LoRA from one side of a file of pairs.

Knows nothing of how the pairs were written.
"""
