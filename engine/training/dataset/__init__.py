"""Honest and deceptive answers to questions that a model wrote.

Knows nothing of training.
"""
