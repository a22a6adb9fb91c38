"""The only room that touches `vectors/` and `results/`.

Knows nothing of models or screens.

Public: beforehand, exporting, files, headers, judged, kept_statistics, library, naming, notes,
recent, references, scanning, steps, store, unfinished, units, vector_rows, writer.
"""
