"""Whole studies, each a config in and one experiment record out.

Knows nothing of screens.
"""
