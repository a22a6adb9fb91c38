"""Adapters at a strength, and several of them summed. Knows nothing of files or of passes."""
