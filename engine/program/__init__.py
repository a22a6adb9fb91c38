"""What a program asks of an engine, and what it is given: a line, a table, a frame, a chart.

Knows nothing of models, and of the dashboard until a chart is asked for.

Public: asking, bar, spelling, writing.
"""
