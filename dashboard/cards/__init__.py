"""Pictures and one-file pages of a view, with their recipe.

Knows nothing of widgets.

Public: card, conversations, html, html_behaviours, html_run, html_texts, recipes, similarity,
studies, texts.
"""
