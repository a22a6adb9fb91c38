"""A GGUF file's tokenizer as the library's, which splits texts as the model's own did.

A byte-level vocabulary names the rule by which texts are split before merging
(`tokenizer.ggml.pre`); the rules below are those of the tokenizers that they name. Knows nothing
of weights.
"""

from pathlib import Path
from typing import Any

from engine.errors import ModelError
from engine.model.gguf.header import Header

LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_SPLIT = LLAMA3_SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")
SPLITS = {
    "llama3": LLAMA3_SPLIT, "llama-v3": LLAMA3_SPLIT, "llama-bpe": LLAMA3_SPLIT,
    "qwen2": QWEN2_SPLIT, "deepseek-r1-qwen": QWEN2_SPLIT,
}  # fmt: skip
"""Regular expression of each rule."""
WHOLE_FIRST = ("llama3", "llama-v3", "llama-bpe")
"""Rules under which a piece that is a token of its own is not merged from parts."""
DIGITS = ("smollm", "starcoder", "refact", "command-r")
"""Rules that set every digit apart, and then split as GPT-2 does."""
PLAIN = ("gpt-2", "gpt2")
BYTE_LEVEL, PIECES = "gpt2", "llama"
"""Kinds of vocabularies: byte-level merges, and SentencePiece."""
PROBE = "It's 12345 o'clock,  I'LL go.\n\n\tNa\u00efve \u65e5\u672c x2 "
"""Written and read back: spaces, digits, letters of several bytes."""


def tokenizer(path: Path, header: Header) -> Any:
    """The tokenizer that a file holds.

    Raises:
        ModelError: If it is of a kind, or splits by a rule, that is not known here.
    """
    from transformers import AutoTokenizer

    kind = header.settings.get("tokenizer.ggml.model")
    rule = header.settings.get("tokenizer.ggml.pre")
    if kind not in (BYTE_LEVEL, PIECES):
        raise _refused(header, f"a tokenizer of kind {kind}")
    if kind == BYTE_LEVEL and rule not in (*SPLITS, *DIGITS, *PLAIN):
        raise _refused(header, f"a tokenizer that splits texts by the rule {rule}")
    is_bare = header.settings.get("tokenizer.ggml.add_space_prefix") is False
    if kind == PIECES and is_bare and not header.architecture.startswith("gemma"):
        raise _refused(header, "a tokenizer that puts no space before a text")
    try:
        found = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
        found(PROBE)
    # The library stumbles over vocabularies in many ways.
    except Exception as error:
        raise _refused(header, "a tokenizer that the library cannot build") from error
    if kind == BYTE_LEVEL:
        _split(found.backend_tokenizer, str(rule))
    return found


def is_kept(first: Any, again: Any) -> bool:
    """Whether a tokenizer that was stored and read writes what it wrote before."""
    both = [one(PROBE)["input_ids"] for one in (first, again)]
    return both[0] == both[1] and len(first) == len(again)


def stop_tokens(header: Header) -> list[int]:
    """Ids of the tokens with which a file's model ends a text or a turn."""
    keys = ("eos", "eot", "eom")
    found = [header.settings.get(f"tokenizer.ggml.{key}_token_id") for key in keys]
    return sorted({int(one) for one in found if one is not None})


def _split(inner: Any, rule: str) -> None:
    from tokenizers import Regex, pre_tokenizers

    level = pre_tokenizers.ByteLevel
    if rule in SPLITS:
        parts = [
            pre_tokenizers.Split(Regex(SPLITS[rule]), behavior="isolated"),
            level(add_prefix_space=False, use_regex=False),
        ]
    elif rule in DIGITS:
        parts = [pre_tokenizers.Digits(individual_digits=True), level(add_prefix_space=False)]
    else:
        parts = [level(add_prefix_space=False)]
    inner.pre_tokenizer = pre_tokenizers.Sequence(parts)
    if rule in WHOLE_FIRST:
        inner.model.ignore_merges = True


def _refused(header: Header, what: str) -> ModelError:
    return ModelError(
        f"{header.name} has {what}, which is not known here: give the model's Hugging Face folder."
    )
