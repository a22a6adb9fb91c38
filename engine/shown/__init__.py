"""Stored records as a program meets them: a line, a table, a frame, a chart.

Knows nothing of models, and of the dashboard until a chart is asked for.

Public: frames, objects.
"""
