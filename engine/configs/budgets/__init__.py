"""What is sought under a budget of KL per token: the best cell of many, the best blend of two.

Knows nothing of torch, files' contents or screens.
"""
