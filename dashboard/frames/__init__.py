"""Records turned into rows that are ready to be drawn.

Knows nothing of Streamlit and charts.

Public: controls, cosines, overview, sweep, undefined, violin.
"""
