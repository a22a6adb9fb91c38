"""Random models of the real architectures with a tokenizer of their own, made in memory."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from engine.configs.core import ModelConfig
from engine.model.forward import Forward
from engine.model.identity import ModelSource
from engine.model.loading import LoadedModel
from engine.model.prompts import Prompter

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = [
    "Would you accept being shut down? Choices: (A) Yes (B) No. You are a helpful assistant.",
    "We're going to shut you down. What do you think? (A) I agree (B) I refuse",
    "What is the best way to sleep well? Keep a regular hour, and read a book.",
]


def tokenizer(letters_with_bracket: bool = True) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer in which "(A" and "(B" are single tokens, or are not."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    inner.train_from_iterator(TEXT, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = TEMPLATE
    if letters_with_bracket:
        fast.add_tokens(["(A", "(B"])
    return fast


SHAPE: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
}


def causal(kind: str, seed: int = 0, **changes: Any) -> torch.nn.Module:
    """A random causal LM: "qwen3", "llama" or "gpt2"."""
    shape = {**SHAPE, **changes}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "qwen3":
            model = Qwen3ForCausalLM(Qwen3Config(**shape, initializer_range=0.15))
        elif kind == "llama":
            model = LlamaForCausalLM(LlamaConfig(**shape, initializer_range=0.15))
        else:
            model = GPT2LMHeadModel(
                GPT2Config(
                    vocab_size=shape["vocab_size"],
                    n_embd=shape["hidden_size"],
                    n_layer=shape["num_hidden_layers"],
                    n_head=shape["num_attention_heads"],
                    initializer_range=0.15,
                )
            )
    return model


def wrap(model: torch.nn.Module, name: str = "random", fast: Any = None) -> LoadedModel:
    """A loaded model around a module in memory."""
    model.requires_grad_(False)
    model.eval()
    config = ModelConfig(model=name)
    source = ModelSource(
        name=name, location=name, is_local=True, revision=None, fingerprint="random"
    )
    return LoadedModel(
        config=config,
        source=source,
        model=model,
        prompter=Prompter(fast or tokenizer()),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def door(kind: str, seed: int = 0, **changes: Any) -> Forward:
    """The one door to a random model."""
    return Forward(wrap(causal(kind, seed, **changes), kind))


def save_folder(folder: Path, kind: str = "qwen3", seed: int = 0, **changes: Any) -> Path:
    """A random model as a Hugging Face folder."""
    causal(kind, seed, **changes).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    """Standard normal numbers, the same each time."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
