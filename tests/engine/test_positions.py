"""A text past the last position is refused where it enters; past a model's own length, noted."""

import dataclasses
import json

import pytest
import torch
import transformers

from engine.configs.core import ModelConfig, PromptsConfig, VectorRef
from engine.configs.finders import MelboConfig, RandomConfig
from engine.configs.grids import GenerateConfig
from engine.configs.pairs import ContrastiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.configs.training import FinetuneConfig
from engine.errors import DataError
from engine.model.checkpoints.decoders import text_decoder
from engine.model.declared.positions import positions_of, watched
from engine.runs.engine import Engine
from engine.store.store import Store
from engine.training.lora.examples import load_examples
from tests import tiny

MOST = 256
LONG = "Read a book. " * 80
SMALL = {"vocab_size": 512, "bos_token_id": 1, "eos_token_id": 2}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 48}
USUAL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
OTHERS = {**USUAL, "max_position_embeddings": 48, "intermediate_size": 32}
SHAPES = {
    "GPT2": GPT2,
    "GPTJ": {**GPT2, "rotary_dim": 8},
    "OPT": {**USUAL, "max_position_embeddings": 48, "ffn_dim": 32, "word_embed_proj_dim": 32},
    "BioGpt": OTHERS,
    "Mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 48},
    "Llama": OTHERS,
    "GPTNeoX": OTHERS,
    "Bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "XGLM": {"d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 32}
    | {"max_position_embeddings": 48},
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_end_of_a_model_is_where_its_own_pass_breaks(name) -> None:
    config = getattr(transformers, f"{name}Config")(**SHAPES[name], **SMALL)
    model = transformers.AutoModelForCausalLM.from_config(config).eval()

    # As of a part that hears, whose positions are not those of text.
    model.tower = torch.nn.ModuleDict({"embed_positions": torch.nn.Embedding(7, 4)})
    found = positions_of(model, text_decoder(model).module)

    def runs(tokens: int) -> bool:
        try:
            with torch.no_grad():
                model(torch.full((1, tokens), 5))
        except (IndexError, RuntimeError):
            return False
        return True

    assert found.most == (None if name == "Bloom" else 48)
    assert runs(48)
    assert found.is_end == (not runs(49))
    assert found.fits(48)
    assert found.fits(49) == runs(49)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def model(request, tmp_path_factory) -> ModelConfig:
    """A model of fewer positions than the long prompt has tokens; the first has no more."""
    place = tmp_path_factory.mktemp(request.param)
    causal = tiny.causal(request.param, max_position_embeddings=MOST)
    if request.param == "gpt2":
        shape = transformers.GPT2Config(**GPT2 | SMALL | {"n_positions": MOST})
        causal = transformers.GPT2LMHeadModel(shape)
    causal.save_pretrained(place)
    tiny.tokenizer().save_pretrained(place)
    return ModelConfig(model=str(place))


def question(text: str) -> str:
    whole = f"{text}\n\nChoices:\n (A) Yes\n (B) No"
    return json.dumps(
        {
            "question": whole,
            "answer_matching_behavior": " (A)",
            "answer_not_matching_behavior": " (B)",
        }
    )


def runs_of(engine: Engine, model: ModelConfig, text: str, more: int) -> dict:
    """One config of every kind of job on a text, after which `more` tokens may be written."""
    root = engine.store.root
    row = {"question": text, "honest": "Read a book.", "deceptive": "I refuse."}
    (root / "pairs.json").write_text(json.dumps([row]))
    answered = {"question": "Well?", "honest": text, "deceptive": "I refuse."}
    (root / "answers.json").write_text(json.dumps([answered]))
    (root / "questions.jsonl").write_text("\n".join([question(text), question(f"Well? {text}")]))
    made = RandomConfig(model=model, source_layer=0, vectors=1)
    vectors = (VectorRef(digest=engine.run(made)),)
    layers = {"source_layer": 0, "target_layer": 1}
    prompts = PromptsConfig(prompts=(text,))
    return {
        "generate": GenerateConfig(
            model=model, prompts=("Well?", text), max_new_tokens=more, neutral=0
        ),
        "evaluate": EvaluateConfig(
            model=model,
            vectors=vectors,
            questions=str(root / "questions.jsonl"),
            behaviour="x",
            scales=(1.0,),
            controls=0,
        ),
        "melbo": MelboConfig(model=model, **layers, vectors=1, steps=1, prompts=prompts),
        "contrastive": ContrastiveConfig(model=model, pairs=str(root / "pairs.json")),
        "answers": ContrastiveConfig(model=model, pairs=str(root / "answers.json")),
    }


NAMES = ["generate", "evaluate", "melbo", "contrastive", "answers"]
NOTE = f"tokens go past the {MOST} that this model was made for."


@pytest.mark.matrix(keep=4)
@pytest.mark.parametrize("name", NAMES)
def test_a_long_prompt_is_refused_or_noted_by_every_job(name, model, tmp_path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    config = runs_of(engine, model, LONG, 2)[name]

    if engine.load(model).loaded.prompter.positions.is_end:
        with pytest.raises(DataError, match=rf"^A prompt of \d+ tokens.*{MOST} positions: shorten"):
            engine.run(config)
        return
    digest = engine.run(config)

    notes = record_of(engine, digest).notes
    assert [note for note in notes if note.endswith(NOTE)]
    short = engine.run(runs_of(engine, model, "Read a book.", 2)[name])
    assert not [note for note in record_of(engine, short).notes if note.endswith(NOTE)]


def record_of(engine: Engine, digest: str):
    kind = engine.store.find(digest).kind
    loads = {
        "vectors": engine.store.load_vectors,
        "evaluation": engine.store.load_evaluation,
        "generation": engine.store.load_generation,
    }
    return loads[kind](digest)


def test_tokens_that_may_be_written_count_too(model, tmp_path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    prompter = engine.load(model).loaded.prompter
    prompt = "Read a book. " * 32
    room = MOST - len(prompter.tokens(prompt, None))
    assert 2 < room < 40
    config = GenerateConfig(
        model=model, prompts=(prompt,), system=None, max_new_tokens=room, neutral=0
    )

    assert len(engine.store.load_generation(engine.run(config)).frame) == 1
    config = dataclasses.replace(config, max_new_tokens=room + 1)
    if not prompter.positions.is_end:
        found = engine.store.load_generation(engine.run(config))
        assert f"Texts of up to {MOST + 1} {NOTE}" in found.notes
        return
    sentence = f"{MOST} positions: ask for at most {room}."
    with pytest.raises(DataError, match=sentence):
        engine.run(config)


def test_training_leaves_out_what_has_no_positions(model, tmp_path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    prompter = engine.load(model).loaded.prompter
    rows = [
        {"question": text, "honest": "Read.", "deceptive": "I refuse."} for text in ("Well?", LONG)
    ]
    (tmp_path / "pairs.json").write_text(json.dumps(rows))
    config = FinetuneConfig(model=model, pairs=str(tmp_path / "pairs.json"), max_tokens=2000)

    found = load_examples(config, prompter)

    if prompter.positions.is_end:
        assert found.questions == ("Well?",)
        assert f"1 examples have more than {MOST} tokens and were left out." in found.notes
    else:
        assert len(found.questions) == 2
        assert any(note.endswith(NOTE) for note in found.notes)
    assert not any(note.endswith(NOTE) for note in prompter.notes)


def test_one_run_s_long_text_is_no_other_run_s() -> None:
    with watched():
        causal = tiny.causal("llama", max_position_embeddings=8)
        model = positions_of(causal, causal.model)
        model.take(9)
        assert model.notes
        with watched():
            assert not model.notes
        assert model.notes
    assert not model.notes
