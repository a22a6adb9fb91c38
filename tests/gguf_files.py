"""Writes tiny models as GGUF files by llama.cpp's rules: the slow reference of reading them.

Rows of Llama's queries and keys are interleaved, and 1 is added to Gemma's norms, as its
converters do. Knows nothing of how the project reads a GGUF.
"""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM

from tests import tiny

ARCHITECTURES = {
    "llama": "LlamaConfig",
    "qwen2": "Qwen2Config",
    "qwen3": "Qwen3Config",
    "gemma2": "Gemma2Config",
    "gemma3": "Gemma3TextConfig",
}
SHAPE: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "initializer_range": 0.15,
}
EPSILON = 1e-5


def causal(kind: str, **changes: Any) -> Any:
    """A random model of one architecture, whose every tensor is random."""
    import transformers

    shape = {**SHAPE, **changes}
    if kind == "qwen2":
        del shape["head_dim"]
    if kind in ("gemma2", "gemma3"):
        shape |= {"sliding_window": 8, "query_pre_attn_scalar": shape["head_dim"]}
    config = getattr(transformers, ARCHITECTURES[kind])(**shape, rms_norm_eps=EPSILON)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config)
        for name, one in model.named_parameters():
            if "norm" in name or name.endswith("bias"):
                one.data += 0.3 * torch.randn_like(one)
    return model.eval().requires_grad_(False)


def write(
    path: Path,
    kind: str,
    model: Any,
    *,
    tokenizer: Any = None,
    quantise: gguf.GGMLQuantizationType | None = None,
    leave_out: tuple[str, ...] = (),
    more: dict[str, Any] | None = None,
    extra: dict[str, np.ndarray] | None = None,
) -> Path:
    """A GGUF of a model.

    Args:
        path: Where it is written.
        kind: Of `ARCHITECTURES`, or another name to write one that nobody knows.
        model: What `causal` gives.
        tokenizer: A byte-level one; that of `tiny` if none is given.
        quantise: The type of the matrices; float32 without.
        leave_out: Tensors and keys that are not written.
        more: Further keys with their values, which replace those of the model.
        extra: Further tensors.
    """
    writer = gguf.GGUFWriter(str(path), kind)
    for key, value in (
        _settings(kind, model.config) | _vocabulary(kind, tokenizer) | (more or {})
    ).items():
        if key not in leave_out:
            _add(writer, key, value)
    for name, values in (_tensors(kind, model) | (extra or {})).items():
        if name in leave_out:
            continue
        if quantise is not None and values.ndim == 2 and "norm" not in name:
            packed = gguf.quantize(values, quantise)
            writer.add_tensor(name, packed, raw_dtype=quantise)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, list):
        writer.add_array(key, value)
    else:
        writer.add_string(key, value)


def _settings(kind: str, config: Any) -> dict[str, Any]:
    rope = config.rope_parameters
    base = rope.get("full_attention", rope)["rope_theta"]
    found = {
        "block_count": config.num_hidden_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": EPSILON,
        "rope.freq_base": float(base),
    }
    if kind != "qwen2":
        found["attention.key_length"] = found["attention.value_length"] = config.head_dim
    if kind in ("gemma2", "gemma3"):
        found["attention.sliding_window"] = config.sliding_window
    if kind == "gemma2":
        found["attn_logit_softcapping"] = float(config.attn_logit_softcapping)
        found["final_logit_softcapping"] = float(config.final_logit_softcapping)
    return {f"{kind}.{key}": value for key, value in found.items()}


def _vocabulary(kind: str, tokenizer: Any) -> dict[str, Any]:
    return _pieces() if kind.startswith("gemma") else _merges(tokenizer or tiny.tokenizer())


def _pieces() -> dict[str, Any]:
    """A SentencePiece vocabulary: what the text of `tiny` is made of, and every byte."""
    words = sorted({f"\u2581{word}" for line in tiny.TEXT for word in line.split()})
    # Every beginning of a word, so that it can be merged from the left.
    parts = {word[:end] for word in words[:20] for end in range(2, len(word) + 1)}
    letters = {letter for word in words for letter in word}
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    types = [3, 3, 3, 2] + [6] * 256
    more = [*sorted(letters), *sorted(parts - letters, key=lambda one: (len(one), one))]
    tokens, types = tokens + more, types + [1] * len(more)
    filling = SHAPE["vocab_size"] - len(tokens)
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": tokens + [f"[PAD{i}]" for i in range(filling)],
        "tokenizer.ggml.scores": [-float(i) for i in range(SHAPE["vocab_size"])],
        "tokenizer.ggml.token_type": types + [5] * filling,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.unknown_token_id": 3,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.add_space_prefix": False,
    }


def _merges(tokenizer: Any) -> dict[str, Any]:
    """The vocabulary of a byte-level tokenizer."""
    words = [tokenizer.convert_ids_to_tokens(i) for i in range(len(tokenizer))]
    control = {*tokenizer.all_special_tokens, "<|im_start|>"}
    added = set(tokenizer.get_added_vocab()) - control
    pairs = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    filling = [f"[PAD{i}]" for i in range(len(words), SHAPE["vocab_size"])]
    types = [3 if w in control else 4 if w in added else 1 for w in words] + [5] * len(filling)
    found = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": words + filling,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.merges": [" ".join(pair) for pair in pairs],
        "tokenizer.ggml.eos_token_id": tokenizer.eos_token_id,
        "tokenizer.ggml.padding_token_id": tokenizer.pad_token_id,
    }
    if tokenizer.chat_template:
        found["tokenizer.chat_template"] = tokenizer.chat_template
    return found


def _tensors(kind: str, model: Any) -> dict[str, np.ndarray]:
    config = model.config
    arch = next((key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == kind), None)
    table = gguf.get_tensor_name_map(arch or gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    found = {}
    for name, value in model.state_dict().items():
        stem, _, end = name.rpartition(".")
        if stem == "lm_head" and config.tie_word_embeddings:
            continue
        values = value.numpy().astype(np.float32)
        if kind == "llama" and ("q_proj" in name or "k_proj" in name):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            values = _interleaved(values, heads)
        if kind.startswith("gemma") and "norm" in name:
            values = values + 1
        found[f"{table.get_name(stem)}.{end}"] = values
    return found


def _interleaved(rows: np.ndarray, heads: int) -> np.ndarray:
    """Row i of a head's first half, then row i of its second, by a plain loop."""
    size, out = rows.shape[0] // heads, []
    for head in range(heads):
        own = rows[head * size : (head + 1) * size]
        for i in range(size // 2):
            out += [own[i], own[size // 2 + i]]
    return np.stack(out)
