"""Models whose blocks are no plain stack that text passes through are told apart when loaded."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from engine.configs.core import ModelConfig
from engine.errors import ModelError
from engine.model import loading
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
TEXT = {**tiny.SHAPE, "pad_token_id": 0}
VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "image_size": 56,
    "patch_size": 14,
}


def saved(folder: Path, kind: Any, config: Any) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        kind(config).save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder


def load(folder: Path) -> loading.LoadedModel:
    return loading.load(ModelConfig(model=str(folder)), ROOT)


def test_of_a_checkpoint_that_sees_the_text_model_alone_is_whole(tmp_path: Path) -> None:
    experts = {"intermediate_size_mlp": 64, "num_local_experts": 2, "num_experts_per_tok": 1}
    sizes = ("vision_output_dim", "projector_input_dim", "projector_output_dim")
    vision = VISION | {"num_attention_heads": 4, **dict.fromkeys(sizes, 32)}
    config = transformers.Llama4Config(text_config=TEXT | experts, vision_config=vision)

    loaded = load(saved(tmp_path, transformers.Llama4ForConditionalGeneration, config))

    assert (loaded.blocks, type(loaded.causal).__name__) == (5, "Llama4ForCausalLM")


def test_blocks_that_only_images_pass_through_are_named(tmp_path: Path) -> None:
    vision = VISION | {
        "attention_heads": 4,
        "num_global_layers": 2,
        "vision_output_dim": 64,
        "intermediate_layers_indices": [1],
    }
    text = TEXT | {"cross_attention_layers": [1, 3]}
    config = transformers.MllamaConfig(text_config=text, vision_config=vision)

    with pytest.raises(ModelError, match=r"Block 1 of .* is not run on text"):
        load(saved(tmp_path, transformers.MllamaForConditionalGeneration, config))


def test_blocks_of_another_layout_are_refused(tmp_path: Path) -> None:
    config = transformers.XLNetConfig(vocab_size=512, d_model=32, n_layer=2, n_head=4, d_inner=64)

    with pytest.raises(ModelError, match="writes no residual stream of"):
        load(saved(tmp_path, transformers.XLNetLMHeadModel, config))


def test_what_cannot_be_run_on_text_alone_is_one_sentence(tmp_path: Path) -> None:
    heads = {"num_attention_heads": 4}
    former = {
        "hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64,
        "encoder_hidden_size": 32, **heads,
    }  # fmt: skip
    text = {
        "model_type": "opt", "vocab_size": 512, "hidden_size": 32, "ffn_dim": 64,
        "num_hidden_layers": 2, "word_embed_proj_dim": 32, **heads,
    }  # fmt: skip
    config = transformers.Blip2Config(
        text_config=text, vision_config=VISION | heads, qformer_config=former
    )

    with pytest.raises(ModelError, match=r"cannot be run on text alone: .*pixel_values"):
        load(saved(tmp_path, transformers.Blip2ForConditionalGeneration, config))


def test_a_state_space_model_has_no_note_on_attention(tmp_path: Path) -> None:
    config = transformers.MambaConfig(
        vocab_size=512, hidden_size=32, num_hidden_layers=2, state_size=8
    )
    folder = saved(tmp_path, transformers.MambaForCausalLM, config)

    assert load(folder).notes == ()
