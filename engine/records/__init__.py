"""What came out, as plain values, and how it was made.

Knows nothing of files, torch or screens.

Public: columns, conversations, drift, grids, measures, provenance, readings, records,
sound_conversations, sound_tables, soundness, steered, strict, strips.
"""
