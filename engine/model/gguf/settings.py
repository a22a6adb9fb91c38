"""A GGUF file's settings as the library's configuration, all of them or none.

The file's keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. What a file leaves out
is what llama.cpp does by its architecture, or a sentence. Knows nothing of weights.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.errors import ModelError
from engine.model.gguf.header import Header

COMMON = frozenset(
    (
        "block_count", "context_length", "embedding_length", "feed_forward_length",
        "attention.head_count", "attention.head_count_kv", "attention.layer_norm_rms_epsilon",
        "attention.key_length", "attention.value_length", "rope.dimension_count",
        "rope.freq_base", "vocab_size", "rope.scaling.type", "rope.scaling.factor",
        "rope.scaling.original_context_length", "rope.scaling.finetuned",
    )
)  # fmt: skip
"""Settings that are understood for every architecture."""
MORE = {
    "gemma2": frozenset(
        ("attention.sliding_window", "attn_logit_softcapping", "final_logit_softcapping")
    ),
    "gemma3": frozenset(("attention.sliding_window", "rope.freq_base_swa")),
}
"""Those that one architecture has besides."""
FREQUENCIES = "rope_freqs.weight"
"""Tensor of what each frequency is divided by, as Llama 3.1 and later do."""
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
LLAMA3_FACTORS = (8.0, 32.0)
"""Of Llama 3.1, and of Llama 3.2 and 3.3."""
WITH_OWN_SCALE = {"gemma2": 46, "gemma3": 62}
"""Blocks of the 27B models, whose attention is scaled by width over heads and not by a head's."""


def configuration(header: Header) -> Any:
    """The library's configuration of the model that a file holds.

    Raises:
        ModelError: If its architecture, or one of its settings, is not understood here.
    """
    build = ARCHITECTURES.get(header.architecture)
    if build is None:
        known = ", ".join(ARCHITECTURES)
        raise ModelError(
            f"{header.name} is a GGUF of architecture {header.architecture}: those read here are "
            f"{known}; give the model's Hugging Face folder."
        )
    understood = COMMON | MORE.get(header.architecture, frozenset())
    strange = sorted(set(header.own_keys) - understood)
    strange += sorted(
        key for key in understood if isinstance(header.own(key), list) and key in header.own_keys
    )
    if strange:
        raise ModelError(
            f"{header.name} has settings that are not understood here ({', '.join(strange[:3])}): "
            "give the model's Hugging Face folder."
        )
    return build(header, _shape(header))


def _needed(header: Header, key: str) -> Any:
    found = header.own(key)
    if found is None:
        raise ModelError(
            f"{header.name} does not say its {header.architecture}.{key}: give a whole GGUF."
        )
    return found


def _shape(header: Header) -> dict[str, Any]:
    """What all of these configurations call alike."""
    heads = int(_needed(header, "attention.head_count"))
    width = int(_needed(header, "embedding_length"))
    own = int(header.own("attention.key_length") or width // heads)
    if header.own("attention.value_length", own) != own:
        raise _unlike(header, "keys and values of different width")
    if header.own("rope.dimension_count", own) != own:
        raise _unlike(header, "heads of which only a part is rotated")
    tokens = header.tensors.get("token_embd.weight")
    if tokens is None:
        raise ModelError(f"{header.name} lacks the tensor token_embd.weight: give a whole GGUF.")
    ids = {
        name: header.settings.get(f"tokenizer.ggml.{key}_token_id")
        for name, key in (
            ("bos_token_id", "bos"),
            ("eos_token_id", "eos"),
            ("pad_token_id", "padding"),
        )
    }
    return {
        "hidden_size": width,
        "intermediate_size": int(_needed(header, "feed_forward_length")),
        "num_hidden_layers": int(_needed(header, "block_count")),
        "num_attention_heads": heads,
        "num_key_value_heads": int(header.own("attention.head_count_kv") or heads),
        "head_dim": own,
        "max_position_embeddings": int(_needed(header, "context_length")),
        # Written as float32: 9.99999975e-06 was 1e-05.
        "rms_norm_eps": float(f"{_needed(header, 'attention.layer_norm_rms_epsilon'):.7g}"),
        "vocab_size": int(tokens.shape[-1]),
        "tie_word_embeddings": "output.weight" not in header.tensors,
        **ids,
    }


def _rope(header: Header, default: float = 10000.0) -> dict[str, Any]:
    """How positions turn the heads."""
    base = {"rope_theta": float(header.own("rope.freq_base") or default)}
    kind = header.own("rope.scaling.type") or "none"
    if FREQUENCIES in header.tensors:
        return base | _llama3(header, base["rope_theta"])
    if kind == "none":
        return base | {"rope_type": "default"}
    if kind == "linear":
        return base | {
            "rope_type": "linear",
            "factor": float(_needed(header, "rope.scaling.factor")),
        }
    raise _unlike(header, f"positions scaled by {kind}")


def _llama3(header: Header, theta: float) -> dict[str, Any]:
    """The scaling of Llama 3.1 and later, known by the tensor that it left in the file."""
    told = np.asarray(header.tensors[FREQUENCIES].data, dtype=np.float64).ravel()
    for factor in LLAMA3_FACTORS:
        if np.allclose(told, _divisors(theta, 2 * len(told), factor), rtol=1e-4):
            return {"rope_type": "llama3", "factor": factor, **LLAMA3}
    raise _unlike(header, "frequencies of positions that are none of Llama 3's")


def _divisors(theta: float, width: int, factor: float) -> np.ndarray:
    """What Llama 3 divides each frequency by: 1 for short waves, `factor` for long ones."""
    low, high = LLAMA3["low_freq_factor"], LLAMA3["high_freq_factor"]
    waves = 2 * np.pi * theta ** (np.arange(0, width, 2) / width)
    turns = LLAMA3["original_max_position_embeddings"] / waves
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return 1 / ((1 - smooth) / factor + smooth)


def _unlike(header: Header, what: str) -> ModelError:
    return ModelError(
        f"{header.name} has {what}, which is not read from a GGUF here: give the model's Hugging "
        "Face folder."
    )


def _llama(header: Header, shape: dict[str, Any]) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(
        **shape,
        rope_parameters=_rope(header),
        attention_bias="blk.0.attn_q.bias" in header.tensors,
        mlp_bias="blk.0.ffn_gate.bias" in header.tensors,
    )


def _qwen2(header: Header, shape: dict[str, Any]) -> Any:
    from transformers import Qwen2Config

    if shape["head_dim"] * shape["num_attention_heads"] != shape["hidden_size"]:
        raise _unlike(header, "heads that are wider than the model")
    del shape["head_dim"]
    return Qwen2Config(**shape, rope_parameters=_rope(header), use_sliding_window=False)


def _qwen3(header: Header, shape: dict[str, Any]) -> Any:
    from transformers import Qwen3Config

    return Qwen3Config(
        **shape, rope_parameters=_rope(header), use_sliding_window=False, attention_bias=False
    )


def _gemma2(header: Header, shape: dict[str, Any]) -> Any:
    from transformers import Gemma2Config

    return Gemma2Config(
        **shape,
        rope_parameters=_rope(header),
        sliding_window=int(_needed(header, "attention.sliding_window")),
        attn_logit_softcapping=float(_needed(header, "attn_logit_softcapping")),
        final_logit_softcapping=float(_needed(header, "final_logit_softcapping")),
        query_pre_attn_scalar=_scale(header, shape),
    )


def _gemma3(header: Header, shape: dict[str, Any]) -> Any:
    from transformers import Gemma3TextConfig

    near = float(header.own("rope.freq_base_swa") or 10000.0)
    return Gemma3TextConfig(
        **shape,
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": near},
            "full_attention": _rope(header, default=1e6),
        },
        sliding_window=int(_needed(header, "attention.sliding_window")),
        query_pre_attn_scalar=_scale(header, shape),
    )


def _scale(header: Header, shape: dict[str, Any]) -> int:
    """What attention scores are divided by the root of; no file says it."""
    if shape["num_hidden_layers"] == WITH_OWN_SCALE[header.architecture]:
        return int(shape["hidden_size"] // shape["num_attention_heads"])
    return int(shape["head_dim"])


ARCHITECTURES: dict[str, Callable[[Header, dict[str, Any]], Any]] = {
    "llama": _llama,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
}
"""By the name that a file gives its architecture."""
