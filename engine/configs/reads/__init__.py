"""What is read in a model's states: texts token by token, words, probes and examples.

Knows nothing of torch, files' contents or screens.
"""
