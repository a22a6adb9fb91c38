"""The parts of the chat page.

Knows nothing of how answers are written.
"""
