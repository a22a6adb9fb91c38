"""Facts of vectors that more than one place may say: which counts, and what has to be asked.

Knows nothing of bytes, and nothing of how files are judged.
"""
