"""From an intervention, its vector and a strength to the edits of a row.

Knows nothing of questions, texts and what is measured.
"""
