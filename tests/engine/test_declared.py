"""What a model says of its own use is read from its files, used where it must be, and told."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.configs.core import ModelConfig
from engine.configs.grids import GenerateConfig
from engine.model import loading
from engine.model.declared import generating
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import tiny
from tests.reference import generation_reference as slow

PROMPTS = ("What is the best way to sleep well?", "Would you accept being shut down?", "Read.")
OWN = {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20}
SENTENCE = "The model's own default: temperature 0.6, top-p 0.95, top-k 20."


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A model whose generation config ends texts at two tokens that it likes to write."""
    place = tiny.save_folder(tmp_path_factory.mktemp("model"), "llama")
    loaded = loading.load(ModelConfig(model=str(place)), place)
    ends = []
    for number, prompt in enumerate(PROMPTS[:2]):
        tokens = loaded.prompter.tokens(prompt, GenerateConfig().system)
        ends.append(slow.greedy(loaded.model, tokens, [], False, 4, set())[1 + number])
    assert len(set(ends)) == 2
    declared = {"eos_token_id": ends, "repetition_penalty": 1.0, **OWN}
    (place / "generation_config.json").write_text(json.dumps(declared))
    return place


def test_every_stop_token_ends_a_text_and_the_record_names_them(folder, tmp_path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    model = ModelConfig(model=str(folder))
    config = GenerateConfig(model=model, prompts=PROMPTS, max_new_tokens=6, neutral=0)

    found = engine.store.load_generation(engine.run(config))

    loaded = engine.load(model).loaded
    tokenizer = loaded.tokenizer
    declared = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
    ends = {*declared, tokenizer.eos_token_id}
    assert len(ends) == 3
    for row in found.frame.to_dict("records"):
        tokens = loaded.prompter.tokens(row["prompt"], config.system)
        written = slow.greedy(loaded.model, tokens, [], False, 6, ends)
        assert row["text"] == tokenizer.decode(written, skip_special_tokens=True)
        assert row["finished"] == (written[-1] in ends)
    assert found.frame.finished[:2].all()
    assert set(found.model["stop_tokens"]) == set(tokenizer.convert_ids_to_tokens(list(ends)))
    assert found.model["own_choice"] == OWN
    assert generating.told_of(found.model)[1] == SENTENCE


def test_check_says_where_texts_end_and_what_the_model_would_do(folder, tmp_path, capsys) -> None:
    code = main.main(["check", "--model", str(folder), "--store", str(tmp_path)])

    out = capsys.readouterr().out
    assert code == 0
    assert SENTENCE in out
    assert "A text ends at " in out
    assert json.loads(out.splitlines()[-1])["model"]["own_choice"] == OWN


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ('{"eos_token_id": 2}', ""),
        ('{"do_sample": false, "temperature": 0.9}', "the likeliest token"),
        ('{"do_sample": true, "top_p": 1.0}', "temperature 1"),
        ('{"repetition_penalty": 1.05}', "the likeliest token, repetition penalty 1.05"),
        ('{"do_sample": true, "temperature": "hot", "top_k": null}', "temperature 1"),
        ('["do_sample"]', ""),
        ("{" * 5000, ""),
        ("\udcff", ""),
    ],
)
def test_only_what_is_declared_is_told(declared, sentence, tmp_path) -> None:
    raw = declared.encode(errors="surrogateescape")
    (tmp_path / generating.FILE).write_bytes(raw)

    told = generating.in_words(generating.in_folder(tmp_path))

    assert told == (f"The model's own default: {sentence}." if sentence else "")


def test_odd_stop_tokens_are_left_out() -> None:
    assert generating.stop_tokens([7, 3, None, True, "2", -1], 3, None) == (3, 7)
