"""From a checkpoint's files to a tokenizer and a model in memory, or to a sentence why not.

No code that a checkpoint brings is ever run. Knows nothing of adapters, prompts or passes.
"""
