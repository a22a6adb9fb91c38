"""Records turned into rows that are ready to be drawn.

Knows nothing of Streamlit and charts.

Public: answers, behaviours, controls, cosines, families, grids, leading, operations,
operators_study, overview, probes, studies, sweep, undefined, vector_words, violin.
"""
