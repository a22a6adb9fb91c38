"""The one door to a model: load it, run it, edit it, decode, and batch by memory.

Knows nothing of what is sought or measured with it.

Public: baking, batches, blocks, checks, collection, declared, edits, forward, gguf, identity,
loading, memory, model_files, naming, operators, prompts, selftests, sizes, switching, ways.
"""
