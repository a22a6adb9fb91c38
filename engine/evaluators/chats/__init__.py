"""Conversations with several panes: what each is asked, and how their answers are written.

Knows nothing of records, threads and screens.
"""
