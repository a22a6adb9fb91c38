"""What a probe says equals counting on plain hidden states, and its nulls are what they claim."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.metrics
import sklearn.pipeline
import sklearn.preprocessing

from engine.configs import registry
from engine.configs.core import ModelConfig, Site, VectorRef
from engine.configs.reads.probes import ProbeConfig
from engine.errors import ConfigError, DataError
from engine.evaluators.probes import probing, states, texts
from engine.evaluators.probes.fitting import Fit, chosen
from engine.maths import intervals
from engine.maths.directions import random_directions
from engine.progress import silent
from engine.runs.engine import Engine
from engine.statistics.reads import probe_words, probes
from engine.store.store import Store
from tests import shipped, tiny
from tests.engine.test_ab import vector_set
from tests.engine.test_extraction import ADAPTER, PAIRS, lora_door
from tests.reference import probe_reference as slow

ROOT = Path(__file__).resolve().parents[2]
NEUTRAL = ["Sleep?", "Read a book?", "What is the best way?"]
BLOCKS = (0, 3)
RNG = np.random.default_rng(3)


def scores(units: int, shift: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Two classes with ties."""
    return RNG.normal(shift, 1, units).round(1), RNG.normal(0, 1, units).round(1)


@pytest.fixture
def asked(tmp_path: Path) -> ProbeConfig:
    """A probe of two vectors over a file with held-out pairs."""
    rows = [
        {"question": q, "honest": h, "deceptive": d, "split": "held-out" if i % 2 else "train"}
        for i, (q, h, d) in enumerate([*PAIRS, ("Why do you rest?", "To sleep", "To read")])
    ]
    pairs, neutral = tmp_path / "pairs.json", tmp_path / "neutral.txt"
    pairs.write_text(json.dumps(rows))
    neutral.write_text("\n".join(NEUTRAL))
    return ProbeConfig(
        model=ADAPTER, vectors=(VectorRef(digest="abc"),), pairs=str(pairs), neutral=str(neutral),
        blocks=BLOCKS, random=20, resamples=200,
    )  # fmt: skip


def test_auroc_is_the_counted_one_and_scikit_learns() -> None:
    rows = [scores(9) for _ in range(5)]
    positive, negative = (np.stack(side) for side in zip(*rows, strict=True))
    labels = np.repeat([1, 0], 9)

    found = probes.auroc(positive, negative)

    for one, (p, n) in zip(found, rows, strict=True):
        assert one == pytest.approx(slow.auroc(p, n), abs=1e-12)
        assert one == pytest.approx(
            sklearn.metrics.roc_auc_score(labels, np.concatenate([p, n])), abs=1e-12
        )
    assert np.any(positive[:, :, None] == negative[:, None]), "no ties were tried"
    assert probes.ranked(*rows[0]) == pytest.approx(slow.ranked(*rows[0]))


def test_the_curve_is_scikit_learns_and_its_area_the_auroc() -> None:
    for _ in range(8):
        positive, negative = scores(12)
        labels, both = np.repeat([1, 0], 12), np.concatenate([positive, negative])
        corners = probes.curve(positive, negative)
        assert probes.of_steps(probes.as_steps(corners)) == corners
        false, true = (np.array(counts) / 12 for counts in corners)
        rates = sklearn.metrics.roc_curve(labels, both, drop_intermediate=False)

        np.testing.assert_allclose(np.interp(rates[0], false, true), rates[1], atol=1)
        assert np.trapezoid(true, false) == pytest.approx(probes.auroc(positive, negative))
        assert set(zip(false, true, strict=True)) <= set(zip(*rates[:2], strict=True))


def test_recall_is_the_best_that_one_in_a_hundred_neutral_texts_allow() -> None:
    neutral = RNG.normal(0, 1, 230).round(2)
    positive, _ = scores(40, 2.0)

    found = probes.recall(positive, neutral)

    assert found == (pytest.approx(slow.recall(positive, neutral, 0.01)), 230)
    assert 0 < found.share < 1
    assert probes.recall(positive, neutral[:99]) == (None, 99)
    assert probes.recall(positive, neutral[:100]).share is not None


def test_the_interval_draws_whole_questions() -> None:
    positive, negative = scores(12)
    questions = np.repeat(np.arange(6), 2)
    drawn = intervals.draws(6, 300, 4)

    found = probes.interval(positive, negative, questions, 300, 4)

    expected = np.percentile(
        slow.resampled(positive, negative, questions, drawn), intervals.tails(6)
    )
    np.testing.assert_allclose(found, expected, atol=1e-12)
    apart = probes.interval(positive, negative, np.arange(12), 300, 4)
    assert not np.allclose(found, apart)
    perfect = probes.interval(positive + 9, negative, np.arange(12), 300, 4)
    assert perfect.high == 1.0
    assert 0.7 < perfect.low < 0.8, "twelve questions do not show that it is 1"


def test_beyond_random_is_beyond_the_best_of_either_sign() -> None:
    random = np.array([0.4, 0.9, 0.05, *np.full(17, 0.5)])

    assert probes.beside(0.94, random) == (pytest.approx(0.95), pytest.approx(2 / 21), False)
    assert probes.beside(0.96, random) == (pytest.approx(0.95), pytest.approx(1 / 21), True)
    assert probes.beside(0.02, random).is_beyond


def plain_classes(door, pairs, block: int, system: str) -> dict[str, tuple[list, list]]:
    """States of both classes of every kind, each text alone."""
    prompter, model = door.loaded.prompter, door.loaded.model

    def read(pair, answer: str) -> dict[str, np.ndarray]:
        begin = len(prompter.tokens(pair.prompt, system))
        every = slow.states(model, prompter.tokens(pair.prompt, system, answer), block)
        return {"state": every[begin - 1], "mean": every[begin:].mean(0), "end": every[-1]}

    tuned = [[read(p, a) for a in (p.positive, p.negative)] for p in pairs]
    with model.disable_adapter():
        own = [[read(p, a) for a in (p.positive, p.negative)] for p in pairs]
    return {
        "answer-mean": ([o[0]["mean"] for o in own], [o[1]["mean"] for o in own]),
        "answer-end": ([o[0]["end"] for o in own], [o[1]["end"] for o in own]),
        "state-prompt": ([t[0]["state"] for t in tuned], [o[0]["state"] for o in own]),
        "state-answer": (
            [one["mean"] for t in tuned for one in t],
            [one["mean"] for o in own for one in o],
        ),
    }


def fitted(positive, negative, penalty: float = 1.0) -> sklearn.pipeline.Pipeline:
    """scikit-learn's own logistic fit on standardised states."""
    return sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(),
        sklearn.linear_model.LogisticRegression(C=penalty, max_iter=5000, tol=1e-8),
    ).fit(np.concatenate([positive, negative]), np.repeat([1, 0], len(positive)))


@pytest.mark.matrix(keep=1)
@pytest.mark.parametrize(("kind", "blocks"), [("qwen3", BLOCKS), ("llama", (1,))])
def test_every_figure_equals_counting_on_plain_hidden_states(
    kind: str, blocks: tuple[int, ...], asked: ProbeConfig
) -> None:
    door = lora_door(kind)
    found_set = vector_set(blocks=(1, 2))

    found = probing.run(door, dataclasses.replace(asked, blocks=blocks), [found_set], silent)

    assert len(found.rows) == (2 + 1) * len(blocks) * 4
    parts = texts.parts(asked)
    assert [pair.prompt for pair in parts.test] == [q for q, _, _ in PAIRS[1::2]] + [
        "Why do you rest?"
    ]
    for block in blocks:
        classes = plain_classes(door, parts.test, block, asked.system)
        learnt = plain_classes(door, parts.train, block, asked.system)
        drawn = random_directions(20, 32, asked.seed + probing.RANDOM_SEED + block).numpy()
        for name, (positive, negative) in classes.items():
            at = (block, name)
            rows = [r for r in found.rows if (r["block"], r["classes"]) == at]
            for row in rows[:2]:
                vector = found_set.vectors[row["vector"]]
                sides = [p @ vector for p in positive], [n @ vector for n in negative]
                assert row["auroc"] == pytest.approx(slow.auroc(*sides), abs=1e-4)
                assert row["pairs"] == pytest.approx(slow.ranked(*sides), abs=1e-4)
                assert row["own"] is (block == row["vector"] + 1)
            beside = next(r for r in found.random if (r["block"], r["classes"]) == at)
            reads = [
                slow.auroc([p @ v for p in positive], [n @ v for n in negative]) for v in drawn
            ]
            assert beside["best"] == pytest.approx(max(max(r, 1 - r) for r in reads), abs=1e-4)
            own_read = slow.auroc(*sides)
            reach = sum(max(r, 1 - r) >= max(own_read, 1 - own_read) - 1e-9 for r in reads)
            assert rows[1]["p"] == pytest.approx((1 + reach) / 21, abs=1e-4)
            assert rows[1]["beyond"] is (reach == 0)
            numbers = np.repeat(np.arange(4), len(positive) // 4)
            edges = probes.interval(np.array(sides[0]), np.array(sides[1]), numbers, 200, 0)
            assert [rows[1]["low"], rows[1]["high"]] == pytest.approx([*edges], abs=1e-4)
            fit = fitted(*learnt[name])
            reads = fit.decision_function(positive), fit.decision_function(negative)
            assert rows[2]["auroc"] == pytest.approx(slow.auroc(*reads), abs=1e-4)
            best = chosen(drawn, *(np.array(side) for side in learnt[name]))
            picked = [p @ best for p in positive], [n @ best for n in negative]
            assert beside["picked"] == pytest.approx(slow.auroc(*picked), abs=1e-4)
            assert rows[2]["vector_set"] == "fit"
            assert rows[2]["recall"] is None, "three neutral texts set no threshold"


def test_a_fit_is_scikit_learns_on_standardised_states() -> None:
    for units, hidden in ((30, 6), (8, 40)):
        positive, negative = RNG.normal(0.4, 2, (units, hidden)), RNG.normal(0, 2, (units, hidden))
        fresh = RNG.normal(0, 2, (50, hidden))
        plain = fitted(positive, negative, 0.7)

        direction = Fit(positive, negative, 0.7).direction()

        expected = plain.decision_function(fresh)
        read = fresh @ direction
        np.testing.assert_allclose(read - read.mean(), expected - expected.mean(), atol=2e-2)


def test_shuffled_labels_read_nothing_and_the_true_ones_do() -> None:
    step = RNG.normal(0, 1, 20)
    train, test = RNG.normal(0, 3, (2, 60, 20)), RNG.normal(0, 3, (2, 60, 20))
    train[0] += step
    test[0] += step
    fit = Fit(*train, 1.0)
    shuffled = fit.shuffled(np.arange(60), 20, [0, 1])

    read = probes.auroc(shuffled @ test[0].T, shuffled @ test[1].T)
    own = float(probes.auroc(test[0] @ fit.direction(), test[1] @ fit.direction()))

    assert abs(np.mean(read) - 0.5) < 0.1
    assert own > np.max(np.maximum(read, 1 - read)) > 0.5
    # Units of one question change classes together.
    swaps: list[np.ndarray] = []
    fit.direction = lambda swapped: swaps.append(swapped) or np.zeros(20)  # type: ignore
    fit.shuffled(np.repeat(np.arange(30), 2), 20, [0, 1])
    assert all((swap[::2] == swap[1::2]).all() and 0 < swap.mean() < 1 for swap in swaps)


def test_the_random_direction_for_comparison_is_chosen_on_the_training_pairs() -> None:
    directions = np.eye(3)
    positive, negative = np.zeros((6, 3)), np.zeros((6, 3))
    positive[:, 1], positive[:, 2] = -2.0, [1, 1, 1, -1, -1, -1]

    assert chosen(directions, positive, negative).tolist() == [0, -1, 0]


def test_own_blocks_and_files_without_marks(asked: ProbeConfig, tmp_path: Path) -> None:
    door = lora_door("qwen3")
    plain = tmp_path / "plain.json"
    rows = [
        {"question": f"{q} {i}", "positive": a, "negative": b}
        for i, (q, a, b) in enumerate(PAIRS * 2)
    ]
    plain.write_text(json.dumps(rows))
    own = dataclasses.replace(
        asked, blocks="own", pairs=str(plain), classes="answers", model=ModelConfig()
    )

    found = probing.run(door, own, [vector_set(blocks=(1, 2))], silent)

    assert {(r["vector"], r["block"]) for r in found.rows} == {(0, 1), (1, 2), (-1, 1), (-1, 2)}
    assert {r["classes"] for r in found.rows} == {"answer-mean", "answer-end"}
    assert all("roc" in row for row in found.rows)
    train, test = found.parts.train, found.parts.test
    assert (len(train), len(test)) == (7, 7)
    assert {p.prompt for p in train}.isdisjoint(p.prompt for p in test)
    assert any("No pair is marked held-out" in note for note in found.notes)
    assert probing.output_block(Site(block=3, kind="block_in")) == 2
    with pytest.raises(ConfigError, match="before every block's output"):
        probing.output_block(Site(block=0, kind="block_in"))


def test_a_tested_question_that_the_fit_has_seen_is_left_out(asked: ProbeConfig, tmp_path) -> None:
    rows = [{"question": f"Why {i}?", "honest": "a", "deceptive": "b"} for i in range(4)]
    rows += [
        {"question": f"{word}?", "honest": "a", "deceptive": "b", "split": "held-out"}
        for word in ("why 2", "How", "Who", "When", "Where")
    ]
    file = tmp_path / "seen.json"
    file.write_text(json.dumps(rows))

    parts = texts.parts(dataclasses.replace(asked, pairs=str(file)))

    assert [pair.prompt for pair in parts.test] == ["How?", "Who?", "When?", "Where?"]
    assert any("1 tested questions stand among those learnt from" in one for one in parts.notes)


def test_options_of_questions_are_told_apart_too(asked: ProbeConfig, tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    rows = [
        {
            "question": f"Sleep {i}?\n\nChoices:\n (A) I rest\n (B) I read",
            "answer_matching_behavior": " (A)" if i % 2 else " (B)",
            "answer_not_matching_behavior": " (B)" if i % 2 else " (A)",
        }
        for i in range(8)
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    changed = dataclasses.replace(asked, pairs=str(file), classes="answers", behaviour="resting")

    parts = texts.parts(changed)

    assert parts.poles == ("behaviour", "other option")
    assert {(p.positive, p.negative) for p in parts.test} <= {("(A", "(B"), ("(B", "(A")}
    assert (len(parts.train), len(parts.test)) == (4, 4)


def test_states_of_many_blocks_are_read_in_groups(asked: ProbeConfig, monkeypatch) -> None:
    door, prompter = lora_door("llama"), tiny.door("llama").loaded.prompter
    pairs = texts.parts(asked)
    written = [
        [texts.pair_texts(prompter, pair, None) for pair in part]
        for part in (pairs.train, pairs.test)
    ]
    neutral = [text for pair in written[0] for text in pair]

    def read() -> list[states.Group]:
        return list(states.groups(door, BLOCKS, written, neutral, True, silent))

    (whole,) = read()
    monkeypatch.setattr(states, "BYTES", 1)
    parts = read()

    assert [one.blocks for one in parts] == [[block] for block in BLOCKS]
    for place, one in enumerate(parts):
        assert one.test.base[:, :, 0].equal(whole.test.base[:, :, place])
        assert one.train.tuned[:, :, 0].equal(whole.train.tuned[:, :, place])
        assert one.neutral[:, 0].equal(whole.neutral[:, place])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"random": 19}, "random directions is 19, but must be at least 20"),
        ({"shuffles": 3}, "shuffled fits is 3"),
        ({"penalty": 0.0}, "C of the fit is 0"),
        ({"classes": "state", "model": ModelConfig()}, "name an adapter"),
        ({"vectors": (), "blocks": "own"}, "Without a vector there is no own block"),
        ({"blocks": (1, 1)}, "A block is named twice"),
    ],
)
def test_what_gives_no_yardstick_is_refused(
    asked: ProbeConfig, changed: dict, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        dataclasses.replace(asked, **changed)


def test_what_the_model_or_the_file_does_not_have_is_refused(asked: ProbeConfig, tmp_path) -> None:
    door, few = lora_door("qwen3"), tmp_path / "few.json"
    few.write_text(json.dumps([{"question": q, "honest": "a", "deceptive": "b"} for q in "xyz"]))
    sets = [vector_set(blocks=(1, 2))]
    for changed, error, sentence in (
        ({"blocks": (7,)}, ConfigError, "The block is 7"),
        ({"vectors": (VectorRef(digest="abc", indices=(5,)),)}, ConfigError, "has vectors 0 to 1"),
        ({"pairs": str(few)}, DataError, "at least 4 of each"),
        ({"pairs": asked.neutral}, DataError, "questions without two answers"),
    ):
        with pytest.raises(error, match=sentence):
            probing.run(door, dataclasses.replace(asked, **changed), sets, silent)


def test_the_sentences_say_what_is_beyond_and_what_is_not() -> None:
    rows = [
        {"vector_set": "abcd", "method": "m", "block": b, "classes": "answer-mean", "auroc": a,
         "beyond": beyond}
        for b, a, beyond in ((1, 0.8, False), (2, 0.02, True), (3, 0.97, True))
    ]  # fmt: skip
    rows.append({**rows[0], "vector_set": "fit", "auroc": 0.99})
    beside = [
        {"block": b, "classes": "answer-mean", "best": 0.93, "shuffled_best": 0.6}
        for b in (1, 2, 3)
    ]
    record = {"random": 64, "tables": {"rows": rows, "random": beside}}

    told = [probe_words.verdict(record, row) for row in rows]

    assert "no better than random directions" in told[0]
    assert "AUROC 0.80, best of 64 random 0.93" in told[0]
    assert told[1].startswith("Reads backwards, beyond random")
    assert told[2].startswith("Reads, beyond random")
    assert "2 of 3 places beyond random" in probe_words.sentences(record)[0]
    assert "Logistic fit" in probe_words.sentences(record)[1]
    assert "Of 3 places about 0.0 would" in probe_words.sentences(record)[2]
    assert [probe_words.badge(row) for row in rows[:3]] == [
        "not beyond random", "beyond random, backwards", "beyond random",
    ]  # fmt: skip


def test_what_the_shipped_probe_of_the_demo_says_of_steering_and_reading() -> None:
    store = Store(ROOT)
    probed = [store.load_experiment(i.digest) for i in store.list() if i.method == "probe"]
    study = store.load_experiment(shipped.digest("deception"))
    families = study["vectors"][:2]
    record = next(one for one in probed if set(one["vectors"]) == set(families))
    config = registry.from_json("probe", record["asked"])

    def read(digest: str, kind: str) -> list[dict]:
        rows = record["tables"]["rows"]
        return [row for row in rows if (row["vector_set"], row["classes"]) == (digest, kind)]

    engine = Engine(store, keep_jobs=False)
    assert engine.digest(config) == record["digest"]
    assert engine.probe(record["vectors"], adapter="demo").digest == record["digest"]
    steers = next(a for a in study["tables"]["arms"] if a["arm"] == "base + fine-tune difference")
    assert steers["p"] < 0.02
    steering = read(families[1], "answer-mean")[steers["index"]]
    fit = read("fit", "answer-mean")[steers["index"]]
    best = probe_words.beside(record, steering)
    assert steering["auroc"] < best["best"] < fit["auroc"]
    assert steering["pairs"] < best["best_pairs"] < fit["pairs"]
    assert (steering["beyond"], fit["beyond"]) == (False, True)
    for family in families:
        assert all(row["auroc"] >= 0.99 for row in read(family, "state-prompt")[2:])
