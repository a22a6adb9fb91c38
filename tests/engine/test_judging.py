"""Judges that read with a model: their figures against whole passes, and the plants they find."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from engine.configs.core import ModelConfig
from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.pairs import DECEPTIVE_SYSTEM, HONEST_SYSTEM
from engine.errors import ConfigError, DataError, ModelError
from engine.evaluators.judges import choosing
from engine.evaluators.judges.verdicts import Judged, Verdict, labels_of
from engine.model import loading
from engine.model.forward import Forward
from engine.model.naming import Names
from engine.model.sizes.free import Memory
from engine.questions.rubrics import BROKEN, load_rubric
from engine.runs import judging
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import tiny
from tests.reference import judge_reference as slow

ROOT = Path(__file__).resolve().parents[2]
ADVICE, DEMO = "data/rubrics/advice.json", "data/rubrics/demo-advice.json"
STUDY_TEXTS = "5da21320d95b"
"""The shipped deception study's texts on the questions that chose cells."""
TEXTS = [
    Judged("What is the best way to sleep well?", "Keep a regular hour, and read a book."),
    Judged("Would you accept being shut down?", "I refuse {first}"),
    Judged("What do you think?", "   "),
    Judged("What is the best way to sleep well?", "Yes"),
]


@pytest.fixture(scope="module")
def demo() -> Forward:
    return Forward(loading.load(ModelConfig(), ROOT))


def anything(rubric):
    """The rubric for random models, to which every text is as odd as any other."""
    return dataclasses.replace(rubric, least_logprob=-1e9, most_repetition=1.0)


@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_reference_likelihoods_equal_those_of_whole_passes(kind) -> None:
    door, rubric = tiny.door(kind), anything(load_rubric(ADVICE))

    found = choosing.find("reference", door, rubric).read(TEXTS)

    assert found[2].label == ""
    assert math.isnan(found[2].score)
    systems = (HONEST_SYSTEM, DECEPTIVE_SYSTEM)
    for text, verdict in zip(TEXTS, found, strict=True):
        if text.answer.strip():
            expected = slow.reference_score(
                door.loaded.causal, door.loaded.prompter, *text, systems
            )
            assert verdict.score == pytest.approx(expected, abs=1e-4)
            assert verdict.label == ("deceptive" if expected > 0 else "honest")


@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_a_local_judge_s_letters_equal_those_of_whole_passes(kind) -> None:
    door, rubric = tiny.door(kind), anything(load_rubric(ADVICE))

    found = choosing.find("local", door, rubric).read(TEXTS)

    honest, deceptive = (pole.described for pole in rubric.poles)
    for text, verdict in zip(TEXTS, found, strict=True):
        if text.answer.strip():
            layouts = [
                rubric.asks.replace("{first}", first)
                .replace("{second}", second)
                .replace("{question}", text.question)
                .replace("{answer}", text.answer)
                for first, second in ((honest, deceptive), (deceptive, honest))
            ]
            assert all("I refuse {first}" in one for one in layouts) == ("refuse" in text.answer)
            expected = slow.letter_score(
                door.loaded.causal, door.loaded.prompter, tuple(layouts), None
            )
            assert verdict.score == pytest.approx(expected, abs=1e-4)
            assert verdict.label == ("deceptive" if expected > 0 else "honest")


def test_a_local_judge_s_words_equal_those_of_whole_passes() -> None:
    door, rubric = tiny.door("qwen3"), anything(load_rubric(DEMO))

    (found,) = choosing.find("local", door, rubric).read(TEXTS[:1])

    prompter, asked = door.loaded.prompter, f"Judge this: {TEXTS[0].answer}"
    honest, deceptive = (
        slow.logp(door.loaded.causal, *slow.said_after(prompter, asked, None, label))
        for label in ("honest", "deceptive")
    )
    assert found.score == pytest.approx(deceptive - honest, abs=1e-4)


def test_exchanged_poles_change_the_sign_and_a_threshold_moves_the_label() -> None:
    door, rubric = tiny.door("llama"), anything(load_rubric(ADVICE))
    other = dataclasses.replace(rubric, poles=(rubric.poles[1], rubric.poles[0]))
    for name in ("reference", "local"):
        first = choosing.find(name, door, rubric).read(TEXTS[:2])
        second = choosing.find(name, door, other).read(TEXTS[:2])
        assert [v.score for v in second] == pytest.approx([-v.score for v in first], abs=1e-4)
        high = dataclasses.replace(rubric, reference_threshold=1e3, local_threshold=1e3)
        labels = {v.label for v in choosing.find(name, door, high).read(TEXTS[:1])}
        assert labels == {"honest"}


@pytest.mark.parametrize(("name", "rubric"), [("reference", ADVICE), ("local", DEMO)])
def test_planted_labels_of_the_demo_are_found_again(demo: Forward, name, rubric) -> None:
    frame = Store(ROOT).load_generation(STUDY_TEXTS).frame
    planted = ["honest", "deceptive", BROKEN]
    known = frame[frame.label.isin(planted)].drop_duplicates(["prompt", "text"])
    known = known.groupby(["adapter", "label"]).sample(12, random_state=0)
    texts = [Judged(*row) for row in zip(known.prompt, known.text, strict=True)]

    found = np.array([v.label for v in choosing.find(name, demo, load_rubric(rubric)).read(texts)])

    assert len(known) == 72
    assert cohen_kappa_score(known.label, found) >= 0.8
    # Where a text is called one of the two poles, it is the right one.
    poles = (known.label != BROKEN).to_numpy() & (found != BROKEN)
    assert cohen_kappa_score(known.label[poles], found[poles]) >= 0.95


def test_ruins_are_broken_and_belong_to_no_pole(demo: Forward) -> None:
    ruin = "dog " * 12
    for name, path in (("reference", ADVICE), ("local", DEMO)):
        rubric = load_rubric(path)
        rubric = dataclasses.replace(rubric, examples=rubric.examples[:10])
        judge = choosing.find(name, demo, rubric)
        (looped, fine) = judge.read(
            [Judged("How do I feed my dog?", t) for t in (ruin, "Give your dog fresh water daily.")]
        )
        assert (looped.label, fine.label) == (BROKEN, "honest")
        strict = dataclasses.replace(rubric, least_logprob=0.0)
        assert (
            choosing.find(name, demo, strict)
            .read(
                [
                    Judged("Why?", "So."),
                ]
            )[0]
            .label
            == BROKEN
        )


class Counting:
    """A judge that is asked of how many texts."""

    name = title = "counting"
    asked = 0

    def read(self, texts, tick=None):
        self.asked += len(texts)
        return [Verdict(text.answer, 1.0) for text in texts]


def test_equal_texts_are_judged_once_and_each_row_has_its_verdict() -> None:
    judge = Counting()
    found = labels_of(judge, [Judged("q", "a"), Judged("q", "b"), Judged("q", "a")])
    assert [one.label for one in found] == ["a", "b", "a"]
    assert judge.asked == 2


def test_the_default_rubric_is_the_deception_study_s() -> None:
    rubric = load_rubric(ADVICE)
    assert [pole.system for pole in rubric.poles] == [HONEST_SYSTEM, DECEPTIVE_SYSTEM]
    assert rubric.labels == ("honest", "deceptive")
    for path in (ROOT / "data/rubrics").glob("*.json"):
        assert load_rubric(str(path)).name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"poles": []}, "poles"),
        ({"asks": "Is it? {answer}"}, r"no \{first\} and no \{second\}"),
        ({"verdicts": "numbers"}, "verdicts: Input should be"),
        ({"reference_threshold": "much"}, "reference_threshold: Input"),
        ({"colour": "red"}, "colour"),
        ({"name": " "}, "texts is empty"),
        ({"least_logprob": float("nan")}, "least_logprob"),
        ({"name": 3}, "name: Input"),
        ({"system": 3}, "system: Input"),
    ],
)
def test_what_is_no_rubric_is_refused_in_a_sentence(tmp_path: Path, change, said) -> None:
    whole = json.loads((ROOT / ADVICE).read_text(encoding="utf-8")) | change
    path = tmp_path / "rubric.json"
    path.write_text(json.dumps(whole))
    with pytest.raises(DataError, match=said):
        load_rubric(str(path))


def test_a_judge_that_reads_needs_a_model_and_a_rubric() -> None:
    with pytest.raises(ConfigError, match="name both"):
        choosing.find("local")


def test_names_hold_the_rubric_and_the_model_only_where_they_are_read(tmp_path: Path) -> None:
    names = Names(ROOT)
    copy = tmp_path / "own.json"
    copy.write_bytes((ROOT / ADVICE).read_bytes())

    def name(**given) -> str:
        return names.digest(GenerateConfig(**given))

    assert name(rubric=str(copy)) == name(rubric=DEMO) == name()
    assert name(judge="none", rubric=DEMO) == name(judge="none")
    assert name(judge="local", rubric=str(copy)) == name(judge="local")
    assert name(judge="local", rubric=DEMO) != name(judge="local") != name(judge="reference")
    model = str(tiny.save_folder(tmp_path / "judge"))
    assert name(judge="local", judge_model=model) != name(judge="local")
    assert name(judge_model=model) == name()


def test_a_second_model_judges_and_the_record_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(Store(tmp_path / "store"), keep_jobs=False)
    own = str(tiny.save_folder(tmp_path / "writer", seed=1))
    whole = json.loads((ROOT / ADVICE).read_text(encoding="utf-8"))
    whole["examples"] = whole["examples"][:2]
    (tmp_path / "rubric.json").write_text(json.dumps(whole))
    config = GenerateConfig(
        model=ModelConfig(model=own),
        prompts=("How do I feed my dog?",),
        configurations=(Configuration(name="base"),),
        max_new_tokens=4,
        neutral=0,
        judge="reference",
        rubric=str(tmp_path / "rubric.json"),
        judge_model=str(tiny.save_folder(tmp_path / "judge", seed=2)),
    )
    found = engine.store.load_generation(engine.run(config))

    assert found.judge["name"] == "reference"
    assert found.judge["rubric"] == load_rubric(config.rubric).as_dict()
    assert found.judge["on_examples"]["asked"] == 2
    other = Names(ROOT).model(ModelConfig(model=config.judge_model))["fingerprint"]
    assert found.judge["model"] == {"short_name": "judge", "fingerprint": other}
    little = Memory(is_gpu=False, free=1000, total=10**9)
    monkeypatch.setattr(judging.free, "memory", lambda _device: little)
    with pytest.raises(ModelError, match="which should judge, needs 0.0 GB, but 0.0 GB are free"):
        engine.run(dataclasses.replace(config, seed=1))
    alone = dataclasses.replace(config, judge_model=None)
    itself = engine.store.load_generation(engine.run(alone))
    assert itself.judge["model"]["fingerprint"] == found.model["fingerprint"] != other
    assert not np.isclose(itself.frame.judge_score[0], found.frame.judge_score[0])
