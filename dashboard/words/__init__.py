"""What is worded or coloured once for all screens.

Knows nothing of Streamlit, data or models.

Public: captions, differences, drift, fields, inks, panes, strips, tokens.
"""
