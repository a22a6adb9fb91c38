"""Rows turned into charts.

Knows nothing of Streamlit, the store and models.
"""
