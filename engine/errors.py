"""Errors a user can act on, and the signal that a job was cancelled.

Anything that is not an `EngineError` is a bug and keeps its traceback.
"""


class EngineError(Exception):
    """What was asked, what is possible and what to do, in one or two sentences."""


class ConfigError(EngineError):
    """A setting that cannot work, refused before anything runs."""


class ModelError(EngineError):
    """A model, tokenizer or adapter that cannot be loaded or used."""


class DataError(EngineError):
    """Questions, prompts or pairs that cannot be read or used."""


class StoreError(EngineError):
    """A record that is missing, damaged or of another kind."""


class Cancelled(Exception):  # noqa: N818  It is a signal to unwind, not an error.
    """Raised from a progress call when the user asked the job to stop."""
