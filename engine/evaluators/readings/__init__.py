"""Ways of reading a sweep's questions: what is asked as tokens, and what a row's answer is.

Knows nothing of vectors, of which rows go together and of what lies on disk.
"""
