"""What is worded or coloured once for all screens.

Knows nothing of Streamlit, data or models.

Public: captions, differences, inks, panes, strips, tokens.
"""
