"""The form of Discover: which method, with which settings, on which adapter.

Knows nothing of what was found, or how vectors are measured.
"""
