"""Texts token by token: strips of one text, examples from many, drift over a conversation.

Knows nothing of sweeps, stores and screens.
"""
