"""What in a decoder depends on the length of a text, as its configuration says.

Only decoders whose attention and rotation are known not to depend on it may be run by hand: there
the states of a beginning are kept for all texts that share it. Knows nothing of weights.
"""

from collections.abc import Iterator
from typing import Any

MODULES = ("embed_tokens", "layers", "norm", "rotary_emb")
"""Of a decoder whose blocks can be run by hand."""
KNOWN = frozenset(
    f"{name}DecoderLayer"
    for name in (
        *("Cohere", "Gemma", "Glm4", "Granite", "Llama", "Mistral", "Mixtral", "Nemotron"),
        *(
            "DeepseekV3",
            "Olmo",
            "Olmo2",
            "Phi3",
            "Qwen2",
            "Qwen3",
            "Qwen3Moe",
            "SmolLM3",
            "StableLm",
            "Starcoder2",
        ),
    )
)
"""Blocks whose attention is causal over all tokens where no setting below says otherwise; each was
compared with whole passes (`python -m tests.architectures`)."""
STEADY = frozenset({"default", "linear", "llama3", "yarn", "proportional"})
"""Kinds of RoPE whose frequencies are one and the same for every text."""
LIMITS = ("sliding_window", "attention_chunk_size", "index_topk")
"""Settings that take distant tokens out of sight."""


def why_not_by_hand(core: Any) -> str | None:
    """What speaks against running these blocks by hand; None if nothing does."""
    config = core.config
    missing = [name for name in MODULES if not hasattr(core, name)]
    unknown = sorted({type(layer).__name__ for layer in getattr(core, "layers", ())} - KNOWN)
    kinds = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    limits = [name for name in LIMITS if getattr(config, name, None) is not None]
    if missing:
        return f"the decoder has no {missing[0]}"
    if unknown:
        return f"{unknown[0]} is not known to be alike at every length"
    if kinds:
        return f"its blocks have {sorted(kinds)[0].replace('_', ' ')}"
    if limits:
        return f"its {limits[0].replace('_', ' ')} takes distant tokens out of sight"
    if rope_depends_on_length(config):
        return "its RoPE depends on the text's length"
    return None


def rope_depends_on_length(config: Any) -> bool:
    """Whether the rotation of one token depends on how many follow it."""
    return any(_kind(one) not in STEADY for one in _ropes(config))


def boundaries(config: Any) -> list[int]:
    """Lengths that the configuration names, past which something may change; ascending."""
    named = [getattr(config, name, None) for name in (*LIMITS, "original_max_position_embeddings")]
    named += [one.get("original_max_position_embeddings") for one in _ropes(config)]
    if rope_depends_on_length(config):
        named.append(getattr(config, "max_position_embeddings", None))
    return sorted({int(one) for one in named if isinstance(one, int | float) and one > 0})


def _ropes(config: Any) -> Iterator[dict[str, Any]]:
    """Settings of RoPE, of all blocks or of each kind of block."""
    for name in ("rope_parameters", "rope_scaling"):
        found = getattr(config, name, None)
        if not isinstance(found, dict):
            continue
        nested = [one for one in found.values() if isinstance(one, dict)]
        yield from nested or [found]


def _kind(rope: dict[str, Any]) -> str:
    return str(rope.get("rope_type") or rope.get("type") or "default")
