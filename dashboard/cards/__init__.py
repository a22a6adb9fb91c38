"""Pictures and one-file pages of a view, with their recipe.

Knows nothing of widgets.
"""
