"""What a vector is like and what it reads, turned into figures beside random vectors' ones.

Knows nothing of torch, files or screens.
"""
