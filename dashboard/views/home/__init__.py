"""The first page: what stands out, what next, what runs and ran.

Knows nothing of how anything is found or measured.
"""
