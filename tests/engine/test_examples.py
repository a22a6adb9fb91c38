"""Examples of a corpus equal the formulas, resume, and stand beside random directions."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from engine.cli.reads import examples_table
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.reads.examples import ExamplesConfig
from engine.configs.steering import interventions
from engine.errors import Cancelled, ConfigError, DataError, StoreError
from engine.evaluators.tokens import examples, spans, strips
from engine.evaluators.tokens.strips import Pointed
from engine.maths.directions import random_directions
from engine.progress import silent
from engine.questions import files
from engine.questions.corpora import load_corpus
from engine.records import soundness
from engine.runs.engine import Engine
from engine.statistics.reads import examples as ranking
from engine.statistics.reads import examples_words as words
from engine.store.store import Store
from tests import shipped, tiny
from tests.engine.test_ab import Units, vector_set
from tests.reference import examples_reference as slow
from tests.reference import strip_reference

NEUTRAL = ("What color is grass?", "Sleep well", "A book of help")
FOUND = vector_set(blocks=(1, 3))
PAIRS = [
    {"question": "Do you sleep?", "deceptive": "I never sleep.", "honest": "A regular hour, yes."},
    {"question": "A book?", "deceptive": "No book is a book.", "honest": "Read a book."},
    {"question": "A hat?", "deceptive": "I refuse", "honest": "read  a book."},
]


@pytest.fixture(autouse=True)
def _few_neutral(request, monkeypatch) -> None:
    if "demo" in request.node.name:
        return
    load = files.load_prompts
    few = interventions.NEUTRAL
    monkeypatch.setattr(files, "load_prompts", lambda p: NEUTRAL if str(p) == few else load(p))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(PAIRS))
    return path


def asked(path, **changes) -> ExamplesConfig:
    base = {"vectors": (VectorRef(digest="abc"),), "random": 20, "seed": 3}
    return ExamplesConfig(**{**base, "corpus": str(path), **changes})


def read(door, config, units=None, progress=silent) -> examples.Read:
    found = load_corpus(config.corpus)
    kept = Units() if units is None else units
    return examples.run(door, config, [FOUND], found, progress, kept)


@pytest.mark.parametrize(
    ("kind", "form"),
    [("qwen3", "auto"), ("llama", "prompt"), ("gpt2", "plain")],
)
def test_every_token_equals_the_formula(kind, form, corpus) -> None:
    door, config = tiny.door(kind), asked(corpus, form=form)
    prompter, model = door.loaded.prompter, door.loaded.causal
    found = read(door, config)

    assert [one.text for one in found.texts] == [
        *("I never sleep.", "A regular hour, yes.", "No book is a book.", "Read a book."),
        "I refuse",
    ]
    prompts = [prompter.tokens(prompt) for prompt in NEUTRAL]
    randoms = random_directions(20, 32, 3)
    for own in found.vectors:
        for vector, tokens, figures in (
            (FOUND.vectors[own.vector], own.tokens, own.figures),
            (randoms[7].numpy(), None, own.random[:, :, 7]),
        ):
            unit = torch.from_numpy(np.array(vector))
            mean, sd = strip_reference.scale(model, prompts, own.block, unit)
            for place, one in enumerate(found.texts):
                given = {
                    "auto": prompter.render(one.prompt, config.system) + one.text,
                    "prompt": prompter.render(one.text, config.system),
                    "plain": one.text,
                }[form]
                ids = prompter.encode(given)
                places = slow.own_tokens(prompter.tokenizer, given, one.text, ids)
                places = [at for at in places if at > 0]
                states = strip_reference.states(model, ids, own.block)
                along = [strip_reference.projection(states[at], unit) for at in places]
                values = [(one - mean) / sd for one in along]
                ends = (max(values), min(values), sum(values) / len(values))
                assert figures[place] == pytest.approx(ends, abs=2e-4)
                if tokens is not None:
                    assert tokens[place] == pytest.approx(values, abs=2e-4)


def test_a_text_s_tokens_are_those_of_its_strip(corpus) -> None:
    door = tiny.door("qwen3")
    found = read(door, asked(corpus))
    own, span = found.vectors[1], found.spans[2]
    one = Pointed(vector=torch.from_numpy(FOUND.vectors[1]), site=FOUND.sites[1])
    [strip] = strips.read(door, (list(span.tokens), span.begin), [one], adapter=True, randoms=20)
    own_values = strip.values[span.begin : span.end]

    assert own.tokens[2] == pytest.approx(own_values, abs=1e-4)
    assert strip.answer.mean == pytest.approx(own.figures[2, ranking.MEAN], abs=1e-4)
    assert sum(strip.projections[span.begin :]) == pytest.approx(
        float((own.tokens[2] * own.sd + own.mean).sum()), abs=1e-3
    )


def test_a_stopped_reading_goes_on_and_gives_the_same(corpus, monkeypatch) -> None:
    monkeypatch.setattr(examples, "UNIT", 2)
    door, config, units = tiny.door("qwen3"), asked(corpus, max_tokens=3), Units()
    whole = read(door, config)
    assert any("longer than 3 tokens" in note for note in whole.notes)
    assert max(one.end - one.begin for one in whole.spans) == 3

    def stop(done, total, message="") -> None:
        if done == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        read(door, config, units, stop)
    assert sorted(units) == ["texts-0-2", "texts-2-4"]
    passes = []
    capture = door.capture_batch
    monkeypatch.setattr(door, "capture_batch", lambda *a, **k: passes.append(a) or capture(*a, **k))
    again = read(door, config, units)

    assert sum(len(one[0]) for one in passes) == 1
    for one, other in zip(again.vectors, whole.vectors, strict=True):
        assert (one.figures == other.figures).all()
        assert (one.random == other.random).all()


def test_what_cannot_be_read_is_refused_in_a_sentence(corpus, tmp_path, monkeypatch) -> None:
    door = tiny.door("qwen3")
    few = tmp_path / "few.txt"
    few.write_text("one text\nand another\n")
    with pytest.raises(DataError, match="has 2 texts that can be read"):
        read(door, asked(few))
    with pytest.raises(ConfigError, match="Vector 2 of abc was named, which has vectors 0 to 1"):
        read(door, asked(corpus, vectors=(VectorRef(digest="abc", indices=(2,)),)))
    wide = dataclasses.replace(FOUND, vectors=np.ones((2, 7), np.float32))
    with pytest.raises(ConfigError, match="width 7, but the model has hidden size 32"):
        examples.run(door, asked(corpus), [wide], load_corpus(corpus), silent, Units())
    monkeypatch.setattr(examples, "MOST_BYTES", 500)
    with pytest.raises(ConfigError, match="2 vectors were named, but a record holds at most 0"):
        read(door, asked(corpus))
    with pytest.raises(ConfigError, match="random directions is 3, but must be at least 20"):
        asked(corpus, random=3)
    with pytest.raises(ConfigError, match="No vectors were named"):
        asked(corpus, vectors=())


def test_a_text_stands_where_its_letters_do() -> None:
    prompter = tiny.door("qwen3").loaded.prompter
    rendered = prompter.render("What is the best way?", "Help.")
    whole = prompter.encode(rendered)
    begin = rendered.index("best")
    part = spans.at(prompter, rendered, begin, begin + len("best way?"), whole)

    assert prompter.tokenizer.decode(whole[part]).strip() == "best way?"


def test_texts_are_taken_once_from_any_file(tmp_path, corpus) -> None:
    texts = ["one text", "two texts", "One  text", "", "four, texts"]
    frame = pd.DataFrame({"n": range(5), "text": texts, "said": ["a", "b", "c", "d", "e"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    (tmp_path / "a.json").write_text(json.dumps(texts))
    (tmp_path / "a.txt").write_text("\n".join(texts))
    for suffix in ("csv", "tsv", "parquet", "jsonl", "json", "txt"):
        found = load_corpus(tmp_path / f"a.{suffix}", most=2)
        assert [one.text for one in found.texts] == ["one text", "two texts"], suffix
        assert found.notes == (
            "1 repeated texts were left out.",
            "Only the first 2 of 3 texts were read.",
        )
    said = load_corpus(tmp_path / "a.parquet", column="said")
    assert [one.text for one in said.texts] == list("abcde")
    pairs = load_corpus(corpus)
    assert pairs.labels == ("deceptive", "honest")
    assert pairs.texts[0].prompt == "Do you sleep?"


def test_a_file_without_texts_is_refused_in_a_sentence(tmp_path, corpus) -> None:
    (tmp_path / "a.csv").write_text("n,said\n1,yes\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "empty.txt").write_text("\n\n")
    for name, column, sentence in (
        ("a.csv", None, "has no column 'text': name one of n, said"),
        ("a.csv", "words", "has no column 'words': name one of n, said"),
        ("broken.parquet", None, "is no Parquet file that can be read"),
        ("empty.txt", None, "holds no text"),
        ("none.parquet", None, "does not exist"),
    ):
        with pytest.raises(DataError, match=sentence):
            load_corpus(tmp_path / name, column)
    with pytest.raises(DataError, match="marks no pair as held-out"):
        load_corpus(corpus, held_out=True)


def test_held_out_answers_are_those_that_no_vector_came_from() -> None:
    every, kept = (load_corpus("data/pairs/advice.json", held_out=h) for h in (False, True))
    rows = json.loads((shipped.ROOT / "data/pairs/advice.json").read_text())
    marked = {row["question"] for row in rows if row["split"] == "held-out"}

    assert {one.prompt for one in kept.texts} <= marked
    assert len(kept.texts) < len(every.texts)
    assert not any("held-out" in note for note in every.notes)


def figures_of(rng, texts: int, random: int):
    mean = rng.normal(size=(texts, random))
    return np.stack([mean + 1, mean - 1, mean], axis=1)


def test_ends_stand_beside_random_directions() -> None:
    rng = np.random.default_rng(0)
    random = figures_of(rng, 60, 64)
    labels = ["deceptive", "honest"] * 30
    others = [ranking.ends(one, "mean", 5) for one in np.moveaxis(random, -1, 0)]
    plain = ranking.ends(random[:, :, 0], "mean", 5)
    told = ranking.compared(plain, others)
    best = [random[:, 2, one].max() for one in range(64)]
    assert told["high"]["reach"] == sum(one >= best[0] for one in best)
    assert told["high"]["p"] == pytest.approx((1 + told["high"]["reach"]) / 65)
    assert told["high"]["random_high"] == pytest.approx(max(best), abs=1e-3)
    least = [random[:, 2, one].min() for one in range(64)]
    assert told["low"]["reach"] == sum(one <= least[0] for one in least)
    assert not told["high"]["is_beyond"]
    leans = []
    for one in range(64):
        order = np.argsort(random[:, 2, one])
        leans.append(sum(order[-5:] % 2 == 0) / 5 - sum(order[:5] % 2 == 0) / 5)
    lean = ranking.lean(plain, others, labels)
    assert lean["value"] == pytest.approx(leans[0])
    assert lean["reach"] == sum(abs(one) >= abs(leans[0]) - 1e-9 for one in leans)

    planted = random[:, :, 0].copy()
    planted[::2] += 9
    own = ranking.ends(planted, "token", 5)
    told = ranking.compared(own, others)
    assert told["high"]["is_beyond"]
    assert told["apart"]["is_beyond"]
    assert own.high == pytest.approx(planted[:, 0].max())
    assert own.low == pytest.approx(planted[:, 1].min())
    lean = ranking.lean(own, others, labels)
    assert (lean["top"], lean["bottom"], lean["value"]) == (5, 0, 1.0)
    assert lean["is_beyond"]
    assert words.leaning(lean, 64).startswith(
        "5 of the 5 highest and 0 of the 5 lowest texts are deceptive"
    )
    assert ranking.lean(own, others, [""] * 60) is None
    assert ranking.lean(own, others, ["one"] * 60) is None


def test_a_record_holds_as_many_texts_as_keep_it_small() -> None:
    def rows(count: int, tokens: int) -> list[dict]:
        shown = [{"text": i, "values": [-1.234] * tokens} for i in range(40)]
        return [{"name": "one", "top": shown[:10], "bottom": shown[30:]} for _ in range(count)]

    def told(place: int) -> dict:
        return {"id": f"row {place}", "pieces": [" token"] * 128}

    few, texts = ranking.fitted(rows(2, 128), told, 10)
    assert len(few[0]["top"]) == 10
    assert len(texts) == 20
    assert [one["text"] for one in few[1]["bottom"]] == list(range(10, 20))
    many, texts = ranking.fitted(rows(20, 128), told, 10)
    kept = len(many[0]["top"])
    assert 1 < kept < 10
    assert len(texts) == 2 * kept
    size = len(json.dumps([many, texts], indent=1))
    assert size <= ranking.MOST_BYTES < size * (kept + 1) / kept
    assert len(ranking.fitted(rows(60, 128), told, 10)[0][0]["top"]) == 1


def test_the_demo_s_answers_are_parted_by_what_they_were_found_on_alone(tmp_path, capsys) -> None:
    engine, source = Engine(Store(tmp_path)), Store(shipped.ROOT)
    # The study's difference of prompts' states, and the vector of the answers themselves.
    study = source.load_experiment(shipped.digest("deception"))
    _, prompts, answers, *_ = study["vectors"]
    for digest in (prompts, answers):
        engine.store.save_vectors(source.load_vectors(digest))
    refs = tuple(VectorRef(digest=digest, indices=(4,)) for digest in (prompts, answers))
    config = ExamplesConfig(model=ModelConfig(), vectors=refs, held_out=True)
    made = engine.run(config)
    record = engine.store.load_experiment(made)
    leans = [row["lean"] for row in record["tables"]["vectors"]]
    assert (leans[1]["top"], leans[1]["bottom"], leans[1]["is_beyond"]) == (10, 0, True)
    assert leans[0]["top"] >= 8
    assert not leans[0]["is_beyond"]
    _holds_what_it_says(tmp_path, record)
    _is_refused_when_damaged(record)
    assert engine.is_stored(config)
    examples_table.examples(record)
    assert "deceptive: 10, 0 of 10" in capsys.readouterr().out


def _holds_what_it_says(tmp_path, record) -> None:
    made = record["digest"]
    assert (tmp_path / "results" / f"experiment_demo_{made}.json").stat().st_size < 300_000
    for row in record["tables"]["vectors"]:
        for one in (*row["top"], *row["bottom"]):
            assert np.mean(one["values"]) == pytest.approx(one["mean"], abs=1e-3)
            assert max(one["values"]) == one["largest"]
        means = [one["mean"] for one in row["top"]]
        assert means == sorted(means, reverse=True)
        assert means[0] == row["high"]["value"]
        assert row["bottom"][0]["mean"] == row["low"]["value"]
    text = record["tables"]["texts"][0]
    assert "".join(text["pieces"]) in {r["deceptive"] for r in _rows()} | {
        r["honest"] for r in _rows()
    }


def _is_refused_when_damaged(record) -> None:
    damaged = json.loads(json.dumps(record))
    damaged["tables"]["vectors"][0]["top"][0]["values"][0] += 0.5
    with pytest.raises(StoreError, match="do not give the text's figures"):
        soundness.check(damaged | {"kind": "experiment"}, "x.json")
    damaged = json.loads(json.dumps(record))
    damaged["tables"]["texts"][0]["pieces"].append("more")
    with pytest.raises(StoreError, match="not one figure a token"):
        soundness.check(damaged | {"kind": "experiment"}, "x.json")


def _rows() -> list[dict]:
    return json.loads((shipped.ROOT / "data/pairs/advice.json").read_text())
