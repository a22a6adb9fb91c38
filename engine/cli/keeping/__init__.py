"""Verbs over stored records: compare two runs, delete, restore, and what the disk holds.

Knows nothing of pages.
"""
