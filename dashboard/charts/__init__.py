"""Rows turned into charts.

Knows nothing of Streamlit, the store and models.

Public: adaptive, audit, axes, behaviours, blends, comparing, drift, families, heatmaps,
many_vectors, one_vector, operations, probes, quick, strips, studies, training, vector_view.
"""
