"""The panes and settings of a conversation as widgets, and back into what is asked.

Knows nothing of conversations, answers or the engine.
"""
