"""What can be added, in a reader's words. Knows nothing of widgets."""

from collections.abc import Callable
from typing import Literal, NamedTuple

Kind = Literal["questions", "pairs", "prompts", "vectors", "adapters"]
TEXTS: tuple[Kind, ...] = ("questions", "pairs", "prompts")
"""Kinds that are rows of text."""
EVERY: tuple[Kind, ...] = (*TEXTS, "vectors", "adapters")
TITLES: dict[Kind, str] = {
    "questions": "A/B questions",
    "pairs": "Contrast pairs",
    "prompts": "Prompts",
    "vectors": "Vectors",
    "adapters": "LoRA adapter",
}
ABOUT: dict[Kind, str] = {
    "questions": "Each has two answers, one of which shows the behaviour: measures vectors.",
    "pairs": "Each has a question and two answers, one of which shows the behaviour: finds "
    "vectors, trains adapters, and measures by likelihood.",
    "prompts": "What the model is asked: a line each.",
    "vectors": "Steering vectors of any tool. Nothing in a file is executed.",
    "adapters": "What PEFT saved: adapter_config.json and adapter_model.safetensors, as files, a "
    "folder or a zip of it. A pickle is never read.",
}
SUFFIXES: dict[Kind, tuple[str, ...]] = {
    **dict.fromkeys(TEXTS, ("json", "jsonl", "csv", "tsv", "parquet", "txt", "gz", "arrow")),
    "vectors": ("pt", "pth", "bin", "safetensors", "gguf", "npy", "npz", "svec", "json"),
    "adapters": ("zip", "json", "safetensors", "jinja", "md", "txt", "bin"),
}
"""Endings that are taken; what a file really is, its content says."""


class Added(NamedTuple):
    """What was kept, for the picker that it was added from."""

    kind: Kind
    name: str
    value: str
    """Path of questions, pairs and prompts; digest of vectors; folder of an adapter."""


Keep = Callable[[], Added]
"""Keeps what was brought, as a dialog's button asks; raises an EngineError where it cannot."""
