"""`suggest` and `blend`: searches under a budget of KL per token, and what is printed of them.

Knows nothing of how cells are measured.
"""
