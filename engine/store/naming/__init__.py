"""What things are called: a reader's own names, else names made of what tells things apart.

Knows nothing of screens, or of how records are read.
"""
