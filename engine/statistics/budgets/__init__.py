"""What is read from searches under a budget of KL: what was chosen, and what held elsewhere.

One half of the questions chooses, the other reports. Knows nothing of torch, files or screens.
"""
