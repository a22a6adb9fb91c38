"""Tiny random models of many architectures, each as a Hugging Face folder and as a module."""

import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from torch import nn

from tests import tiny

WINDOW = ORIGINAL = 60
"""Tokens that a windowed model sees, and that a stretched RoPE was trained on.

Longer than the prompt of the self-tests at load, shorter than every prompt of the table."""
LONGEST = 1024
ENDING = 3.0
"""How many times as large the weights of the token are that ends a text."""


class Kind(NamedTuple):
    """One architecture."""

    config: Callable[[int], Any]
    """From the size of the vocabulary to the library's config."""
    blocks: str
    """Where the decoder's blocks lie in the causal LM."""
    auto: str = "AutoModelForCausalLM"
    about: str = ""
    attention: str = "eager"
    """The library's own, that whole passes are made with."""


def _shape(vocab: int, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "vocab_size": vocab,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": LONGEST,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": False,
    }
    return usual | changes


def _usual(name: str, **settings: Any) -> Callable[[int], Any]:
    return lambda vocab: getattr(transformers, f"{name}Config")(**_shape(vocab, **settings))


def _named(name: str, **settings: Any) -> Callable[[int], Any]:
    """A config that does not know the usual names of its sizes."""
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return lambda vocab: getattr(transformers, f"{name}Config")(
        vocab_size=vocab, **(ends | settings)
    )


def _rope(kind: str, **settings: Any) -> dict[str, Any]:
    return {"rope_type": kind, "rope_theta": 10000.0, **settings}


LLAMA3 = _rope(
    "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=ORIGINAL,
)  # fmt: skip
LONG = _rope(
    "longrope", short_factor=[1.0] * 4, long_factor=[4.0] * 4,
    original_max_position_embeddings=ORIGINAL,
)  # fmt: skip
MOE: dict[str, Any] = {"num_experts_per_tok": 2, "moe_intermediate_size": 24}
NEXT: dict[str, Any] = {
    "head_dim": 8, "num_experts": 4, "shared_expert_intermediate_size": 16,
    "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8,
    "linear_value_head_dim": 8, **MOE,
}  # fmt: skip
LATENT: dict[str, Any] = {
    "num_key_value_heads": 4, "n_routed_experts": 4, "n_group": 2, "topk_group": 1,
    "n_shared_experts": 1, "q_lora_rank": 12, "kv_lora_rank": 8, "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 4, "v_head_dim": 8, "first_k_dense_replace": 2, **MOE,
}  # fmt: skip


def _gemma3(vocab: int) -> Any:
    text = _shape(vocab, head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW)
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4,
        "num_attention_heads": 4, "image_size": 56, "patch_size": 14,
    }  # fmt: skip
    return transformers.Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4, pad_token_id=0
    )


def _qwen_vl(vocab: int) -> Any:
    text = _shape(vocab, rope_parameters=_rope("default", mrope_section=[1, 1, 2]))
    vision = {
        "depth": 4, "hidden_size": 32, "intermediate_size": 64, "num_heads": 4,
        "out_hidden_size": 32, "fullatt_block_indexes": [1],
    }  # fmt: skip
    return transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, pad_token_id=0)


USUAL, PICTURES = "model.layers", "AutoModelForImageTextToText"
KINDS: dict[str, Kind] = {
    "qwen3": Kind(_usual("Qwen3", head_dim=8), USUAL),
    "qwen2": Kind(_usual("Qwen2"), USUAL, about="biased queries, keys and values"),
    "qwen2, window": Kind(
        _usual("Qwen2", use_sliding_window=True, sliding_window=WINDOW, max_window_layers=2), USUAL
    ),
    "llama": Kind(_usual("Llama"), USUAL),
    "llama, tied, llama3 RoPE": Kind(
        _usual("Llama", tie_word_embeddings=True, rope_parameters=LLAMA3), USUAL
    ),
    "llama, linear RoPE": Kind(_usual("Llama", rope_parameters=_rope("linear", factor=4.0)), USUAL),
    "llama, yarn RoPE": Kind(
        _usual(
            "Llama",
            rope_parameters=_rope("yarn", factor=4.0, original_max_position_embeddings=ORIGINAL),
        ),
        USUAL,
    ),
    "llama, dynamic RoPE": Kind(
        _usual(
            "Llama", max_position_embeddings=ORIGINAL, rope_parameters=_rope("dynamic", factor=4.0)
        ),
        USUAL,
    ),
    "llama, biased": Kind(_usual("Llama", attention_bias=True, mlp_bias=True), USUAL),
    "mistral": Kind(_usual("Mistral", head_dim=8, sliding_window=None), USUAL),
    "mistral, window": Kind(_usual("Mistral", head_dim=8, sliding_window=WINDOW), USUAL),
    "mistral, wide window": Kind(
        _usual("Mistral", head_dim=8, sliding_window=LONGEST // 2), USUAL,
        about="beyond the prompts",
    ),
    "mixtral": Kind(
        _usual("Mixtral", sliding_window=None, num_local_experts=4, num_experts_per_tok=2), USUAL
    ),
    "mixtral, window": Kind(
        _usual("Mixtral", sliding_window=WINDOW, num_local_experts=4, num_experts_per_tok=2), USUAL
    ),
    "qwen3_moe": Kind(_usual("Qwen3Moe", head_dim=8, num_experts=4, **MOE), USUAL),
    "gemma": Kind(_usual("Gemma", head_dim=8), USUAL),
    "gemma2": Kind(
        _usual("Gemma2", head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW), USUAL,
        about="soft-capped, window",
    ),
    "gemma3, text": Kind(
        _usual("Gemma3Text", head_dim=8, query_pre_attn_scalar=8, sliding_window=WINDOW), USUAL
    ),
    "gemma3, with pictures": Kind(_gemma3, "model.language_model.layers", PICTURES),
    "qwen2.5-vl": Kind(_qwen_vl, "model.language_model.layers", PICTURES),
    "phi": Kind(_usual("Phi"), USUAL, about="parallel, biased head"),
    "phi3": Kind(_usual("Phi3", sliding_window=None), USUAL),
    "phi3, window": Kind(_usual("Phi3", sliding_window=WINDOW), USUAL),
    "phi3, longrope": Kind(
        _usual(
            "Phi3", sliding_window=None, rope_parameters=LONG,
            original_max_position_embeddings=ORIGINAL,
        ),
        USUAL,
    ),
    "starcoder2, window": Kind(_usual("Starcoder2", sliding_window=WINDOW), USUAL),
    "olmo": Kind(_usual("Olmo"), USUAL),
    "olmo2": Kind(_usual("Olmo2"), USUAL, about="norms after the parts"),
    "granite": Kind(
        _usual(
            "Granite", embedding_multiplier=6.0, logits_scaling=4.0, residual_multiplier=0.25,
            attention_multiplier=0.2,
        ),
        USUAL,
    ),
    "cohere": Kind(_usual("Cohere", logit_scale=0.25), USUAL),
    "cohere2, window": Kind(_usual("Cohere2", logit_scale=0.25, sliding_window=WINDOW), USUAL),
    "glm4": Kind(_usual("Glm4", head_dim=8), USUAL),
    "nemotron": Kind(_usual("Nemotron", head_dim=8), USUAL),
    "stablelm": Kind(_usual("StableLm"), USUAL),
    "smollm3": Kind(_usual("SmolLM3"), USUAL, about="some blocks without RoPE"),
    "deepseek_v3": Kind(_usual("DeepseekV3", **LATENT), USUAL, about="latent attention, MoE"),
    "gpt_oss": Kind(
        _usual(
            "GptOss", head_dim=8, num_local_experts=4, num_experts_per_tok=2,
            sliding_window=WINDOW, intermediate_size=32,
        ),
        USUAL,
        about="sinks, window, MoE",
    ),
    "gpt2": Kind(
        _named("GPT2", n_embd=32, n_layer=4, n_head=4, n_positions=LONGEST), "transformer.h"
    ),
    "gptj": Kind(
        _named("GPTJ", n_embd=32, n_layer=4, n_head=4, n_positions=LONGEST, rotary_dim=4),
        "transformer.h",
    ),
    "gpt_neox": Kind(
        lambda vocab: transformers.GPTNeoXConfig(
            **{k: v for k, v in _shape(vocab).items() if k != "num_key_value_heads"}
        ),
        "gpt_neox.layers",
    ),
    "opt": Kind(
        _named(
            "OPT", hidden_size=32, ffn_dim=64, num_hidden_layers=4, num_attention_heads=4,
            max_position_embeddings=LONGEST, word_embed_proj_dim=32,
        ),
        "model.decoder.layers",
    ),
    "bloom": Kind(
        _named("Bloom", hidden_size=32, n_layer=4, n_head=4), "transformer.h", about="ALiBi"
    ),
    "falcon": Kind(
        _named(
            "Falcon", hidden_size=32, num_hidden_layers=4, num_attention_heads=4, alibi=True,
            new_decoder_architecture=False,
        ),
        "transformer.h",
        about="ALiBi",
        # The library's eager attention adds the bias once more to a mask that already holds it.
        attention="sdpa",
    ),
    "qwen3_next": Kind(_usual("Qwen3Next", **NEXT), USUAL, about="hybrid, MoE"),
    "lfm2": Kind(_usual("Lfm2", full_attn_idxs=[1, 3]), USUAL, about="hybrid"),
    "falcon_h1": Kind(
        _usual("FalconH1", mamba_d_ssm=32, mamba_n_heads=4, mamba_d_head=8, mamba_d_state=8),
        USUAL,
        about="hybrid",
    ),
    "mamba": Kind(
        _named("Mamba", hidden_size=32, num_hidden_layers=4, state_size=8), "backbone.layers"
    ),
    "t5": Kind(
        _named(
            "T5", d_model=32, d_kv=8, d_ff=64, num_layers=4, num_heads=4, decoder_start_token_id=0
        ),
        "decoder.block",
        "AutoModelForSeq2SeqLM",
    ),
}  # fmt: skip


def build(name: str, folder: Path, seed: int = 0) -> nn.Module:
    """Write a random model to `folder`, with a tokenizer; the same module, run plainly.

    Attention is the library's eager one, as nearly every class has it and it leaves nothing out.
    """
    kind, fast = KINDS[name], tiny.tokenizer()
    config = kind.config(512)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        auto = getattr(transformers, kind.auto)
        model = auto.from_config(config, attn_implementation=kind.attention)
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                if parameter.dim() == 2 and "conv" not in parameter_name:
                    parameter.normal_(0, 0.15)
            # Otherwise no text would end before the others.
            model.get_output_embeddings().weight[2] *= ENDING
    # Random weights that were left untied would be lost by a checkpoint of a tied model.
    model.tie_weights()
    model.eval().requires_grad_(False)
    if "dynamic" in str(getattr(config, "rope_parameters", "")):
        # The library's own goes on with what a longer text before has left in it.
        model.register_forward_pre_hook(lambda one, _: _renew(one.model))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return model


def _renew(core: Any) -> None:
    core.rotary_emb = type(core.rotary_emb)(core.config)


def blocks_of(name: str, model: nn.Module) -> nn.ModuleList:
    """The decoder's blocks."""
    return operator.attrgetter(KINDS[name].blocks)(model)
