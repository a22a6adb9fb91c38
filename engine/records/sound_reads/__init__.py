"""What records must hold of what was read in a model's states, a kind of record a file.

Knows nothing of files and charts.
"""
