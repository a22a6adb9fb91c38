"""Files of questions, pairs and prompts: from text to usable rows.

Knows nothing of models or screens.

Public: answers, corpora, files, knowledge, letters, own, pairs, polarity, repeats, rows,
rubrics, sources.
"""
