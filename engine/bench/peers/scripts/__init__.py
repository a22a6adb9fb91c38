"""Programs that run in the peers' own environment, each with one peer and nothing of this engine.

Knows nothing of the engine: `serve` is started by its path, and reads and writes files.
"""
