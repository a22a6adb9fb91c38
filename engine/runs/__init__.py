"""From a config to its record: the Engine, its queue, and each kind of run.

Knows nothing of screens and the command line.

Public: adaptive, engine, evidence, live, queue, reads, single, status, studies, talking, training.
"""
