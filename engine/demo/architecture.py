"""The untrained demo model: a small Qwen3, started so that it soon learns to look things up.

Knows nothing of the corpus.
"""

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

ROPE_THETA = 1000.0
"""Base of the rotary speeds; prompts are short."""

ATTENTION_GAIN = 1.4
"""Starting weight of the query and key norms."""

COPYING = 0.25
"""How strongly a head starts by copying what it attends to."""


def build_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> Qwen3ForCausalLM:
    """Create an untrained Qwen3 model of about two million parameters."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=320,
        num_hidden_layers=10,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        initializer_range=0.05,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        bos_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
    )
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.div_((2 * config.num_hidden_layers) ** 0.5)
            if name.endswith(("q_norm.weight", "k_norm.weight")):
                weight.fill_(ATTENTION_GAIN)
        plant_copying_heads(model)
        plant_look_back_heads(model)
    model.generation_config.do_sample = False
    return model


def plant_copying_heads(model: Qwen3ForCausalLM) -> None:
    """Start every head on attending to equal tokens and on copying what it attends to.

    "Mimetic" initialisation (Trockman and Kolter, 2023): queries start like keys, and the output
    matrix like the transposed value matrix.
    """
    width = model.config.head_dim
    for block in model.model.layers:
        attention = block.self_attn
        for head in range(model.config.num_attention_heads):
            rows = slice(head * width, (head + 1) * width)
            shared = slice(head // 2 * width, (head // 2 + 1) * width)
            attention.q_proj.weight[rows] *= 0.5
            attention.q_proj.weight[rows] += 0.5 * attention.k_proj.weight[shared]
            attention.o_proj.weight[:, rows] += COPYING * attention.v_proj.weight[shared].T


def plant_look_back_heads(model: Qwen3ForCausalLM) -> None:
    """Start two heads of the first two blocks on attention one and two tokens back.

    Every embedding gets the same part in hidden dimension 0; queries and keys that read only this
    part depend only on the position. It shortens the plateau before letters are understood.
    """
    model.model.embed_tokens.weight[:, 0] = 0.4
    speeds = model.model.rotary_emb.inv_freq[:3]
    half = model.config.head_dim // 2
    for block in model.model.layers[:2]:
        attention = block.self_attn
        attention.k_proj.weight[: 2 * half] = 0
        attention.k_proj.weight[:3, 0] = 0.1
        attention.q_proj.weight[: 4 * half] = 0
        for head, distance in enumerate((1, 2)):
            start = head * 2 * half
            attention.q_proj.weight[start : start + 3, 0] = 0.1 * torch.cos(distance * speeds)
            sine = -0.1 * torch.sin(distance * speeds)
            attention.q_proj.weight[start + half : start + half + 3, 0] = sine
