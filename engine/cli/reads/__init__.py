"""Commands that read what vectors say, and the tables of their records.

Knows nothing of pages.
"""
