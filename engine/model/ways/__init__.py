"""Which way a decoder may be run, and how its last states become logits.

Knows nothing of edits, prompts or jobs.
"""
