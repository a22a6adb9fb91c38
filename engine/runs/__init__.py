"""From a config to its record: the Engine, its queue, and each kind of run.

Knows nothing of screens and the command line.

Public: adaptive, engine, evidence, queue, reads, single, studies, training.
"""
