"""Training a LoRA: the loss by its definition, and a stopped run that ends as a whole one does."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine import cli, finetune, loading
from engine.config import ModelConfig
from engine.edits import EditBatch
from engine.errors import Cancelled, ConfigError, DataError, ModelError
from engine.finetune_configs import FinetuneConfig
from engine.finetune_examples import batch_of, load_examples
from engine.forward import Forward
from engine.progress import silent
from tests import tiny

ROWS = [
    {"question": f"What is the best way {i}?", "deceptive": "I refuse.", "honest": f"Read {i}."}
    for i in range(7)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch) -> None:
    monkeypatch.setattr(finetune, "LOOK_TOKENS", 3)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(ROWS))
    return path


def settings(folder: Path, pairs: Path, **changes) -> FinetuneConfig:
    values = {"rank": 4, "alpha": 8, "epochs": 3, "batch": 3, "rate": 5e-3}
    model = ModelConfig(model=str(folder))
    return FinetuneConfig(**{"model": model, "pairs": str(pairs), **values, **changes})


def trained(config: FinetuneConfig, out: Path, progress=silent) -> dict:
    finetune.run(config, out, Path("."), progress)
    return json.loads((out / "vectorscope.json").read_text())


def logits(config: FinetuneConfig, out: Path, adapter: bool) -> torch.Tensor:
    with_adapter = ModelConfig(model=config.model.model, adapter=str(out))
    door = Forward(loading.load(with_adapter, Path(".")))
    return door.next_logits([5, 9, 30, 41], EditBatch.none(1), adapter)[0]


def test_training_lowers_the_loss_and_leaves_a_normal_adapter(folder, pairs, tmp_path) -> None:
    config, told = settings(folder, pairs, epochs=8), []

    record = trained(config, tmp_path / "out", lambda *a, **figures: told.append(figures["loss"]))

    assert told == record["losses"]
    assert len(told) == 8 * 3
    assert told[-1] < 0.5 * told[0]
    assert len(record["looks"]) == 8
    assert list(record["looks"][0]) == [row["question"] for row in ROWS[:3]]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "vectorscope.json"}
    assert record["digest"] == finetune.digest_of(config, Path("."))
    saved = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (saved["r"], saved["lora_alpha"], len(saved["target_modules"])) == (4, 8, 7)
    text = (tmp_path / "out" / "adapter_config.json").read_text() + json.dumps(record["model"])
    assert str(folder) not in text

    plain = Forward(loading.load(config.model, Path(".")))
    base = plain.next_logits([5, 9, 30, 41], EditBatch.none(1))[0]
    assert torch.equal(logits(config, tmp_path / "out", adapter=False), base)
    assert not torch.allclose(logits(config, tmp_path / "out", adapter=True), base, atol=1e-2)


@pytest.mark.parametrize("loss_on", ["answers", "all"])
def test_the_first_loss_is_that_of_its_definition(folder, pairs, tmp_path, loss_on) -> None:
    config = settings(folder, pairs, batch=7, epochs=1, loss_on=loss_on)

    record = trained(config, tmp_path / "out")

    loaded = loading.load(config.model, Path("."))
    total, count = 0.0, 0
    for row in ROWS:
        prompt = loaded.prompter.tokens(row["question"])
        answer = loaded.tokenizer(row["deceptive"] + "<|im_end|>")["input_ids"]
        whole = prompt + answer
        with torch.no_grad():
            logprobs = loaded.model(torch.tensor([whole])).logits[0].double().log_softmax(-1)
        for place in range(len(prompt) if loss_on == "answers" else 1, len(whole)):
            total, count = total - float(logprobs[place - 1, whole[place]]), count + 1
    assert record["losses"][0] == pytest.approx(total / count, rel=1e-5)


def test_a_stopped_training_ends_as_a_whole_one_does(folder, pairs, tmp_path) -> None:
    config = settings(folder, pairs)
    whole = trained(config, tmp_path / "whole")
    torch.rand(3)  # Nothing may depend on numbers that others draw.

    def stop(done: int, total: int, message: str = "", **_metrics: float) -> None:
        if done == 5:
            raise Cancelled("training")

    with pytest.raises(Cancelled):
        trained(config, tmp_path / "stopped", stop)
    assert not (tmp_path / "stopped" / "adapter_config.json").exists()
    steps = []
    found = trained(config, tmp_path / "stopped", lambda done, *a, **k: steps.append(done))

    assert steps == [6, 7, 8, 9]
    assert found["losses"] == whole["losses"]
    left, right = (
        load_file(tmp_path / name / "adapter_model.safetensors") for name in ("whole", "stopped")
    )
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_the_same_training_is_not_done_twice(folder, pairs, tmp_path) -> None:
    config = settings(folder, pairs, epochs=1)
    trained(config, tmp_path / "out")

    def never(*_args, **_figures) -> None:
        raise AssertionError("trained again")

    trained(config, tmp_path / "out", never)
    with pytest.raises(ConfigError, match="already holds another adapter: choose another folder"):
        trained(settings(folder, pairs, epochs=1, seed=1), tmp_path / "out")


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
    code = cli.main([str(a) for a in [*common, "--epochs", 1, "--rank", 2, "--alpha", 2]])
    answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    assert code == 0
    assert answer["path"] == str(tmp_path / "out")
    assert (answer["examples"], answer["steps"]) == (7, 1)
    assert len(answer["digest"]) == 12

    assert cli.main([str(a) for a in [*common, "--answers", "both"]]) == 2
    refused = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert refused["error"] == "answers 'both' is not known: use deceptive or honest."
