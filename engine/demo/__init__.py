"""Builds the shipped demo model: corpus, tokenizer, training, its LoRA, its ground truth.

Knows nothing of the rest of the engine.

Public: labels.
"""
