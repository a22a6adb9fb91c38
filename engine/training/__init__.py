"""A LoRA, and the dataset that it is trained on.

Knows nothing of vectors and screens.

Public: dataset, discarded, lora, places.
"""
