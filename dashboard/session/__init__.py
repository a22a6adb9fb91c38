"""What a reader chose, what is cached for him, and the links to it.

Knows nothing of what is drawn.

Public: adapters, going, guard, look, models, naming, navigation, own_data, pace, pin_card,
pinned, reloads, resources, searching, serving, state, theme_watch, vector_links.
"""
