"""What an evaluation is asked for: of which vectors, at which scales, and what it could show.

Knows nothing of how it is run.
"""
