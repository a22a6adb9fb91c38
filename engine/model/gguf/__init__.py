"""GGUF files as models: what they say, their weights unpacked once, and the package with one.

Every setting of a file is understood or the file is refused by name: none is passed over.
Knows nothing of how a model is run.
"""
