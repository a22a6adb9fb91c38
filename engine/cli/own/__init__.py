"""The command that takes a reader's own data.

Knows nothing of pages.
"""
