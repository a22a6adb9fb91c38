"""Who may run a model now, and with which adapter in its tree.

Knows nothing of files, prompts or what is run.
"""
