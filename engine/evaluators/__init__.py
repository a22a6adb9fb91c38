"""All ways of measuring vectors, one measurement a file.

Knows nothing of how vectors were found, and screens.
"""
