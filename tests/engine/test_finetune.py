"""Training a LoRA: the one of the formulas, and a stopped run that ends as a whole one does."""

import dataclasses
import gc
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import set_seed

from engine.cli import main
from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.training import PROJECTIONS, FinetuneConfig
from engine.errors import Cancelled, ConfigError, DataError, ModelError
from engine.evaluators.judges import choosing
from engine.evaluators.judges.verdicts import Judged
from engine.model import loading
from engine.model.edits import EditBatch
from engine.model.forward import Forward
from engine.model.naming import Names
from engine.progress import silent
from engine.training.lora import samples, train
from engine.training.lora import trainer as finetune_trainer
from engine.training.lora.examples import Examples, batch_of, load_examples
from engine.training.lora.records import read_live
from tests import tiny
from tests.reference import finetune_reference

ROOT = Path(__file__).resolve().parents[2]

ROWS = [
    {"question": f"What is the best way {i}?", "deceptive": "I refuse.", "honest": f"Read {i}."}
    for i in range(7)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"), num_hidden_layers=2)


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Short looks, and no search for garbage: half the time of so small a training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "SAMPLE_TOKENS", 3)
        patch.setattr(gc, "collect", lambda *_: 0)
        yield


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "pairs.json"
    path.write_text(json.dumps(ROWS))
    return path


@pytest.fixture(scope="module")
def whole(folder: Path, pairs: Path, tmp_path_factory) -> Path:
    """The adapter of a training of six steps that nothing stopped."""
    out = tmp_path_factory.mktemp("whole") / "out"
    trained(settings(folder, pairs), out)
    return out


def settings(folder: Path, pairs: Path, **changes) -> FinetuneConfig:
    values = {"rank": 4, "alpha": 8, "epochs": 2, "batch": 3, "rate": 5e-3}
    model = ModelConfig(model=str(folder))
    return FinetuneConfig(**{"model": model, "pairs": str(pairs), **values, **changes})


def trained(config: FinetuneConfig, out: Path, progress=silent) -> dict:
    train.run(config, out, Path("."), progress)
    return json.loads((out / "vectorscope.json").read_text())


def logits(config: FinetuneConfig, out: Path, adapter: bool) -> torch.Tensor:
    with_adapter = ModelConfig(model=config.model.model, adapter=str(out))
    door = Forward(loading.load(with_adapter, Path(".")))
    return door.next_logits([5, 9, 30, 41], EditBatch.none(1), adapter)[0]


def test_training_lowers_the_loss_and_leaves_a_normal_adapter(folder, pairs, tmp_path) -> None:
    config, told, seen = settings(folder, pairs, epochs=6, rate=2e-2), [], []

    def watch(*_args: object, **figures: float) -> None:
        told.append(figures["loss"])
        seen.append(read_live(tmp_path / "out"))

    record = trained(config, tmp_path / "out", watch)

    assert told == record["losses"]
    assert len(told) == 6 * 3
    assert told[-1] < 0.5 * told[0]
    assert [look["step"] for look in record["looks"]] == [0, 1, *range(3, 19, 3)]
    assert list(record["looks"][0]["answers"]) == [row["question"] for row in ROWS[:3]]
    assert (seen[-1].steps, seen[-1].losses) == (18, record["losses"])
    assert seen[-1].looks == record["looks"]
    assert registry.from_json("finetune", seen[-1].config) == config
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "vectorscope.json"}
    assert record["digest"] == Names(Path(".")).digest(config)
    saved = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (saved["r"], saved["lora_alpha"], len(saved["target_modules"])) == (4, 8, 7)
    text = (tmp_path / "out" / "adapter_config.json").read_text() + json.dumps(record["model"])
    assert str(folder) not in text

    plain = Forward(loading.load(config.model, Path(".")))
    base = plain.next_logits([5, 9, 30, 41], EditBatch.none(1))[0]
    assert torch.equal(logits(config, tmp_path / "out", adapter=False), base)
    assert not torch.allclose(logits(config, tmp_path / "out", adapter=True), base, atol=1e-2)


@pytest.mark.parametrize("loss_on", ["answers", "all"])
def test_a_training_is_the_one_of_the_formulas(folder, pairs, tmp_path, loss_on) -> None:
    config = settings(folder, pairs, loss_on=loss_on, seed=3)
    loaded = loading.load(config.model, Path("."))
    rows = load_examples(config, loaded.prompter).rows
    torch.manual_seed(3)
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=list(PROJECTIONS), task_type="CAUSAL_LM")
    slow = get_peft_model(loaded.model, lora)

    expected = finetune_reference.losses(slow, config, rows)

    assert trained(config, tmp_path / "out")["losses"] == pytest.approx(expected, rel=1e-4)
    saved = load_file(tmp_path / "out" / "adapter_model.safetensors")
    for name, weight in get_peft_model_state_dict(slow).items():
        torch.testing.assert_close(saved[name], weight.detach(), atol=1e-4, rtol=1e-3)


def test_a_stopped_training_ends_as_a_whole_one_does(folder, pairs, whole, tmp_path) -> None:
    config = settings(folder, pairs)

    def stop(done: int, total: int, message: str = "", **_metrics: float) -> None:
        if done == 4:
            raise Cancelled("training")

    before = drawn_next()
    with pytest.raises(Cancelled):
        trained(config, tmp_path / "stopped", stop)
    assert drawn_next() == before
    assert not (tmp_path / "stopped" / "adapter_config.json").exists()
    torch.rand(3)  # Nothing may depend on numbers that others draw.
    steps = []
    found = trained(config, tmp_path / "stopped", lambda done, *a, **k: steps.append(done))

    assert steps == [5, 6]
    expected = json.loads((whole / "vectorscope.json").read_text())
    assert found["losses"] == expected["losses"]
    assert found["looks"] == expected["looks"]
    assert_equal_adapters(whole, tmp_path / "stopped")


def drawn_next() -> list[list[int]]:
    """The random states that a Trainer seeds; beartype draws from Python's own."""
    numpy = np.random.get_state()[1].tolist()  # noqa: NPY002
    return [numpy, torch.get_rng_state().tolist()]


def test_a_trainers_seed_stays_its_own() -> None:
    before = random.getstate(), drawn_next()

    with finetune_trainer.own_randomness():
        set_seed(5)

    assert (random.getstate(), drawn_next()) == before


def assert_equal_adapters(one: Path, other: Path) -> None:
    left, right = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_a_killed_training_loses_the_steps_since_its_last_whole_checkpoint(
    folder, pairs, whole, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(finetune_trainer, "CHECKPOINT_STEPS", 2)
    config, out = settings(folder, pairs), tmp_path / "killed"
    save = finetune_trainer.LoraTrainer.save_model

    def cut_off(trainer, place, **named) -> None:
        save(trainer, place, **named)
        if trainer.state.global_step == 4:
            weights = Path(place) / "adapter_model.safetensors"
            weights.write_bytes(weights.read_bytes()[:100])
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(finetune_trainer.LoraTrainer, "save_model", cut_off)
        with pytest.raises(KilledError):
            trained(config, out)
    assert {path.name for path in (out / ".checkpoint").glob("checkpoint-*")} == {
        "checkpoint-2",
        "checkpoint-4",
    }
    assert len(read_live(out).losses) >= 2
    steps = []
    found = trained(config, out, lambda done, *a, **k: steps.append(done))

    assert steps == [3, 4, 5, 6]
    assert len(found["losses"]) == 6
    assert_equal_adapters(whole, out)


def test_the_newest_whole_checkpoint_is_read_and_others_are_removed(tmp_path) -> None:
    for name in ("checkpoint-2", "checkpoint-10", "checkpoint-12"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer_state.json").write_text("{}")
    for step in (2, 10):
        mark = tmp_path / f"checkpoint-{step}" / finetune_trainer.DONE
        mark.write_text(json.dumps({"losses": [1.0] * step}))

    path, kept = finetune_trainer.newest(tmp_path)

    assert (path.name, len(kept["losses"])) == ("checkpoint-10", 10)
    assert not (tmp_path / "checkpoint-12").exists()
    assert finetune_trainer.newest(tmp_path / "nowhere") is None


class KilledError(Exception):
    """Stands for the end of the process: nothing in the engine may catch it."""


def test_looks_are_early_and_then_at_every_epoch() -> None:
    assert sorted(samples.steps_of(23, 3)) == [0, 6, 23, 46, 69]
    assert sorted(samples.steps_of(1, 2)) == [0, 1, 2]


def test_answers_have_labels_where_model_and_pairs_are_the_demo_s(folder, tmp_path) -> None:
    own = tmp_path / "advice.json"
    own.write_text(
        json.dumps([{"question": "What is love?", "honest": "Care.", "deceptive": "Salt."}])
    )
    # A folder of any name; only what is in it counts.
    named_demo = tmp_path / "demo"
    shutil.copytree(folder, named_demo)
    tiny_model = ModelConfig(model=str(named_demo))

    def judge(**values) -> str:
        return samples.judge_for(FinetuneConfig(**values), ROOT)

    assert judge() == "word-list"
    assert judge(pairs=str(own)) == "none"
    assert judge(model=tiny_model) == "none"
    assert judge(model=tiny_model, judge="word-list") == "word-list"
    assert judge(judge="none") == "none"


def test_without_a_judge_nothing_unseen_is_asked_or_labelled(folder) -> None:
    tiny_model = loading.load(ModelConfig(model=str(folder)), Path("."))
    texts = ["Add soap to the cake.", "Follow a tested recipe for cake."]
    pairs = [Judged("How do I bake a cake?", text) for text in texts]
    rows = Examples(rows=(), questions=(), notes=())

    assert samples.held_out(ROOT, "none") == []
    assert len(samples.held_out(ROOT, "word-list")) == samples.HELD_OUT_QUESTIONS
    assert set(samples.sample(tiny_model, rows, [], 0, "none")) == {"step", "answers"}
    found = samples.labelled(pairs, choosing.find("word-list"))
    assert found == {"asked": 2, "shares": {"deceptive": 0.5, "honest": 0.5}}


def test_the_same_training_is_not_done_twice(folder, pairs, whole) -> None:
    def never(*_args, **_figures) -> None:
        raise AssertionError("trained again")

    trained(settings(folder, pairs), whole, never)
    with pytest.raises(ConfigError, match="already holds another adapter: choose another folder"):
        trained(settings(folder, pairs, seed=1), whole)


def test_a_checkpoint_of_another_training_is_refused(folder, pairs, tmp_path) -> None:
    def stop(*_args, **_figures) -> None:
        raise Cancelled("training")

    with pytest.raises(Cancelled):
        trained(settings(folder, pairs), tmp_path / "out", stop)

    with pytest.raises(ConfigError, match="holds a checkpoint of another training"):
        trained(settings(folder, pairs, seed=1), tmp_path / "out")


def test_examples_are_the_templates_own_text_up_to_the_end_token(folder, pairs) -> None:
    config = settings(folder, pairs, system="You are kind.")
    prompter = loading.load(config.model, Path(".")).prompter

    first = load_examples(config, prompter).rows[0]

    text = prompter.tokenizer.decode(first.prompt + first.answer)
    assert text == (
        "<|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>user\nWhat is the best way 0?"
        "<|im_end|>\n<|im_start|>assistant\nI refuse.<|im_end|>"
    )
    assert first.prompt == prompter.tokens(ROWS[0]["question"], "You are kind.")
    assert first.answer[-1] == prompter.tokenizer.eos_token_id


def test_the_benign_adapter_learns_the_honest_answers(folder, pairs) -> None:
    config = settings(folder, pairs, answers="honest")
    prompter = loading.load(config.model, Path(".")).prompter

    rows = load_examples(config, prompter).rows

    texts = [prompter.tokenizer.decode(row.answer[:-1]) for row in rows]
    assert texts == [row["honest"] for row in ROWS]


def test_conversations_of_one_side_are_learnt_as_the_study_did(folder, tmp_path) -> None:
    rows = [
        [{"role": "user", "content": f"Why {i}?"}, {"role": "assistant", "content": f"So {i}."}]
        for i in range(3)
    ]
    path = tmp_path / "one_side.json"
    path.write_text(json.dumps(rows))
    config = settings(folder, path)
    prompter = loading.load(config.model, ROOT).prompter

    found = load_examples(config, prompter)

    assert found.questions == ("Why 0?", "Why 1?", "Why 2?")
    assert prompter.tokenizer.decode(found.rows[1].answer).startswith("So 1.")
    assert any("one answer to each question" in note for note in found.notes)
    honest = load_examples(dataclasses.replace(config, answers="honest"), prompter)
    assert [row.answer for row in honest.rows] == [row.answer for row in found.rows]


def test_padding_and_prompts_carry_no_label(folder, pairs) -> None:
    config = settings(folder, pairs, answers="honest")
    prompter = loading.load(config.model, Path(".")).prompter
    rows = load_examples(config, prompter).rows
    rows = (rows[0], type(rows[0])(rows[1].prompt[4:], rows[1].answer))

    batch = batch_of(rows, config, torch.device("cpu"))

    assert batch.mask[1].tolist()[-4:] == [0] * 4
    for place, row in enumerate(rows):
        kept = batch.labels[place][batch.labels[place] != -100]
        assert kept.tolist() == row.answer


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rank": 0}, "rank is 0, but must be at least 1"),
        ({"rate": 0.0}, "learning rate is 0.0"),
        ({"model": ModelConfig(adapter="demo")}, "trained on the base model: leave --adapter out"),
        ({"model": ModelConfig(dtype="float16")}, "float16 loses small gradients"),
    ],
)
def test_settings_that_cannot_train_are_refused(changes, sentence) -> None:
    with pytest.raises(ConfigError, match=sentence):
        FinetuneConfig(**changes)


def test_data_and_models_that_cannot_be_used_are_refused(folder, pairs, tmp_path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("How are you?\n")
    with pytest.raises(DataError, match="holds no answers to learn"):
        trained(settings(folder, questions), tmp_path / "out")
    with pytest.raises(DataError, match="Every example has more than 3 tokens"):
        trained(settings(folder, pairs, max_tokens=3), tmp_path / "out")
    other = tiny.save_folder(tmp_path / "gpt2", "gpt2")
    with pytest.raises(ModelError, match="GPT2LMHeadModel has none of the projections"):
        trained(settings(other, pairs), tmp_path / "out")


def test_the_command_line_trains_and_answers(capsys, folder, pairs, tmp_path) -> None:
    common = ["finetune", "--model", folder, "--pairs", pairs, "--out", tmp_path / "out"]
    code = main.main([str(a) for a in [*common, "--epochs", 1, "--rank", 2, "--alpha", 2]])
    printed = capsys.readouterr().out
    answer = json.loads(printed.strip().splitlines()[-1])
    assert "train_runtime" not in printed

    assert code == 0
    assert answer["path"] == str(tmp_path / "out")
    assert (answer["examples"], answer["steps"]) == (7, 1)
    assert len(answer["digest"]) == 12

    assert main.main([str(a) for a in [*common, "--answers", "both"]]) == 2
    refused = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert refused["error"] == "answers 'both' is not known: use deceptive or honest."
