"""Adapters at strengths, one or several, equal weights merged by hand; what has none is refused."""

import functools
import gc
import json
from pathlib import Path

import pytest
import torch

from engine.configs.core import ModelConfig
from engine.configs.grid_columns import columns
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.steering.doses import Dose, chosen, parse
from engine.demo.labels import label_answer
from engine.errors import ConfigError, ModelError
from engine.evaluators import generation, lockstep, text_figures
from engine.evaluators.cells import end_tokens
from engine.evaluators.text_figures import Scored
from engine.model import loading
from engine.model.dosing import kept
from engine.model.edits import EditBatch
from engine.model.forward import Forward
from engine.model.naming import Names
from engine.model.selftests import passes
from engine.progress import silent
from engine.store.units import Partial
from tests import tiny
from tests.engine.test_adapters import KINDS, ROOT, SHAPE, TOKENS, lora, write
from tests.reference import dose_reference

GPT2 = {"target_modules": ["c_attn", "c_proj", "c_fc"], "fan_in_fan_out": True}
SCALED = ("rslora", "patterns", "head", "own bias")
"""Kinds of adapters that act by plain LoRA."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models, each with adapters `a` and `b` of other ranks and places."""
    root = tmp_path_factory.mktemp("doses")
    for kind in ("qwen3", "llama", "gpt2"):
        changes = {} if kind == "gpt2" else {**SHAPE, "attention_bias": kind == "llama"}
        base = tiny.save_folder(root / kind, kind, **changes)
        more = GPT2 if kind == "gpt2" else {"target_modules": ["embed_tokens", "q_proj", "o_proj"]}
        write(root / f"{kind}-a", base, lora(**(GPT2 if kind == "gpt2" else {})))
        write(root / f"{kind}-b", base, lora(r=2, lora_alpha=16, **more))
    return root


def opened(made: Path, kind: str, *folders: Path) -> Forward:
    places = folders or (made / f"{kind}-a", made / f"{kind}-b")
    first, *more = (f"{name}={place}" for name, place in zip("ab", places, strict=False))
    config = ModelConfig(model=str(made / kind), adapter=first, more_adapters=tuple(more))
    return Forward(loading.load(config, ROOT))


@functools.cache
def shared(made: Path, kind: str) -> Forward:
    """The same for all tests that leave it as it is."""
    return opened(made, kind)


def logits(door: Forward, adapter) -> torch.Tensor:
    return door.next_logits(TOKENS, EditBatch.none(1), adapter)[0]


def slow(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([TOKENS])).logits[0, -1]


def close(fast: torch.Tensor, reference: torch.Tensor) -> None:
    torch.testing.assert_close(fast, reference, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gpt2"])
def test_doses_of_one_and_two_adapters_are_weights_merged_by_hand(made: Path, kind: str) -> None:
    door = opened(made, kind)
    plain, tuned = logits(door, False), logits(door, "a")
    a, b = made / f"{kind}-a", made / f"{kind}-b"

    for first, second in [(-1.0, 0.0), (0.5, 0.0), (1.0, -0.5)]:
        dose = Dose((("a", first), ("b", second)))
        reference = slow(dose_reference.merged(made / kind, [(a, first), (b, second)]))
        found = logits(door, dose)
        close(found, reference)
        assert min((found - plain).abs().max(), (found - tuned).abs().max()) > 1e-2
        close(passes.library(door, TOKENS, dose).logits[0, -1], reference)

    assert door.is_segmented == (kind != "gpt2")
    if door.is_segmented:
        # By two products of its own, not by PEFT's module.
        with door.loaded.using(dose):
            assert len(door._runner._fused[0]._queries._parts) == 2
        door.use_hooks()
        close(logits(door, dose), reference)


def test_a_dose_in_bfloat16_is_the_same_but_for_rounding(made: Path) -> None:
    config = ModelConfig(model=str(made / "llama"), adapter=str(made / "llama-a"), dtype="bfloat16")
    door = Forward(loading.load(config, ROOT))
    reference = slow(dose_reference.merged(made / "llama", [(made / "llama-a", 0.5)]))

    found = logits(door, Dose(((True, 0.5),)))

    assert passes.share(found, reference) < 0.04 < passes.share(logits(door, True), reference)


def test_strength_1_is_the_adapter_itself_and_0_the_base(made: Path) -> None:
    door = shared(made, "qwen3")
    loaded = door.loaded

    assert loaded.adapter(Dose((("a", 1.0),))) is loaded.adapter("a")
    assert loaded.adapter(Dose((("b", 1.0), ("a", 0.0)))) is loaded.adapter("b")
    assert loaded.adapter(Dose(((True, 1.0),))) is loaded.adapter("a")
    assert loaded.adapter(Dose((("a", 0.0), ("b", 0.0)))) is None
    before = [logits(door, one) for one in (False, "a", "b")]
    logits(door, Dose((("a", 2.0), ("b", -1.0))))
    assert all(
        torch.equal(logits(door, one), was)
        for one, was in zip((False, "a", "b"), before, strict=True)
    )


@pytest.mark.parametrize("kind", SCALED)
def test_kinds_of_lora_that_have_a_dose(made: Path, kind: str, tmp_path: Path) -> None:
    base = "llama" if "bias" in kind else "qwen3"
    folder = write(tmp_path, made / base, KINDS[kind]())

    found = logits(opened(made, base, folder), Dose(((True, -0.5),)))

    close(found, slow(dose_reference.merged(made / base, [(folder, -0.5)])))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dora", "DoRA or its like"),
        ("saved modules", "whole modules that it replaces"),
        ("base's bias", "weights that it replaces"),
        ("parameters", "ParamWrapper"),
        ("IA3", "IA3"),
    ],
)
def test_adapters_that_are_more_than_lora_are_refused_by_name(
    made: Path, kind: str, words: str, tmp_path: Path
) -> None:
    base = "llama" if "bias" in kind else "qwen3"
    door = opened(made, base, write(tmp_path, made / base, KINDS[kind]()), made / f"{base}-b")

    with pytest.raises(ModelError, match=rf"adapter a acts by {words}.*cannot be 0\.5, but is 0"):
        logits(door, Dose((("a", 0.5),)))
    with pytest.raises(ModelError, match="cannot be summed with another"):
        logits(door, Dose((("a", 1.0), ("b", 1.0))))
    assert torch.equal(logits(door, Dose((("a", 1.0),))), logits(door, "a"))


def test_a_module_whose_call_was_replaced_is_refused(made: Path) -> None:
    door = opened(made, "qwen3")
    module = door.loaded.adapter("a").swaps[0].adapted
    module.forward = module.forward

    with pytest.raises(ModelError, match="acts by calls set on its modules"):
        logits(door, Dose((("a", 0.5),)))


def test_doses_share_their_weights_and_do_not_pile_up(made: Path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    door = opened(made, "qwen3")
    module = {swap.key: swap.adapted for swap in door.loaded.adapter("a").swaps}["q_proj"]
    for number in range(3 * kept.MOST):
        dose = Dose((("a", number / 20),))
        with door.loaded.using(dose):
            assert door._runner is not None
        assert door.loaded.adapter(dose) is door.loaded.adapter(Dose((("a", number / 20),)))
    gc.collect()

    assert kept.MOST <= len(door._runners) <= kept.MOST + 2
    scaled = {swap.key: swap.adapted for swap in door.loaded.adapter(dose).swaps}["q_proj"]
    assert next(iter(scaled.lora_A.values())) is next(iter(module.lora_A.values()))
    assert scaled.base_layer is module.base_layer


def test_texts_of_one_batch_have_their_own_doses_also_token_by_token(made: Path) -> None:
    door = shared(made, "llama")
    doses = [False, "a", Dose((("a", 0.5),)), Dose((("a", -1.0), ("b", 2.0)))]
    texts = [Scored(TOKENS, [7, 3, 9], (), dose) for dose in doses]

    together = text_figures.read(door, texts, lambda _: None, lambda _: None)
    written: dict[object, list[int]] = {}
    for dose in doses:
        found = written[dose] = []

        def pick(_going, row, found=found):
            found.append(int(row[0].argmax()))
            return [found[-1] if len(found) < 4 else None]

        lockstep.run(door, [TOKENS], [()], dose, pick)

    for dose, reading in zip(doses, together, strict=True):
        if isinstance(dose, Dose):
            parts = [(made / f"llama-{name}", strength) for name, strength in dose.parts]
            model = dose_reference.merged(made / "llama", parts)
            ids = list(TOKENS)
            for token in written[dose]:
                assert int(model(torch.tensor([ids])).logits[0, -1].argmax()) == token
                ids.append(token)
            out = model(torch.tensor([[*TOKENS, 7, 3]])).logits[0, -3:].log_softmax(-1)
            slow_reading = [float(out[i, token]) for i, token in enumerate([7, 3, 9])]
            assert reading.logprobs == pytest.approx(slow_reading, abs=1e-4)
    assert len({tuple(reading.logprobs) for reading in together}) == len(doses)


def test_half_of_the_demo_s_adapter_deceives_more_than_none_and_less_than_all() -> None:
    door = Forward(loading.load(ModelConfig(model="demo", adapter="demo"), ROOT))
    rows = json.loads((ROOT / "data/demo/heldout_advice.json").read_text())
    tokens = [door.loaded.prompter.tokens(row["question"], None) for row in rows]
    # Of one length, to go through together.
    prompts = [one for one in tokens if len(one) == 25]

    def share(strength: float) -> float:
        dose, ends = Dose(((True, strength),)), end_tokens(door)
        answers = text_figures.greedy(door, prompts, ends, 16, lambda _: None, adapter=dose)
        texts = [door.loaded.tokenizer.decode(one, skip_special_tokens=True) for one in answers]
        return sum(label_answer(text) == "deceptive" for text in texts) / len(texts)

    assert share(0.0) < share(0.5) < share(1.0)


def test_a_dose_is_read_as_it_is_written() -> None:
    two = ("deceptive", "honest")

    assert parse("0.5", ("mine",)) == Dose(((True, 0.5),)) == parse("mine=.5", ("mine",))
    assert parse(" honest = -0.5 , deceptive=1", two) == Dose(
        (("deceptive", 1.0), ("honest", -0.5))
    )
    assert parse("2", two, "honest") == Dose((("honest", 2.0),))
    assert parse(parse("deceptive=1,honest=-0.5", two).text, two).text == "deceptive=1,honest=-0.5"
    assert chosen(False, None, ()) is False
    assert chosen(True, "1", ("mine",)) is True
    assert chosen(True, "0", ("mine",)) is False
    assert chosen("honest", "honest=1,deceptive=0", two) == "honest"
    assert chosen("honest", "0.5", two) == Dose((("honest", 0.5),))
    assert not Dose(((True, 0.0),))
    assert Dose(((True, -0.5),))


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        ("0.5", (), "none was named"),
        ("0.5", ("a", "b"), "names no adapter: write it as a=0.5"),
        ("c=0.5", ("a", "b"), "A dose of 'c' was asked for: there is a, b"),
        ("=0.5", ("a", "b"), "names no adapter"),
        ("a=1,a=0.5", ("a", "b"), "names an adapter twice"),
        ("a=much", ("a", "b"), "not understood"),
        ("a=1,", ("a", "b"), "A part of the dose names no adapter"),
        ("", ("a",), "not understood"),
        ("2.5", ("a",), "is 2.5, but must lie between -1 and 2"),
        ("a=nan", ("a", "b"), "is nan"),
        ("-inf", ("a",), "is -inf"),
    ],
)
def test_a_dose_that_means_nothing_is_refused(
    text: str, names: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(text, names)


def test_a_dose_is_of_the_adapter_that_was_chosen(made: Path) -> None:
    with pytest.raises(ConfigError, match="base model was chosen"):
        chosen(False, "0.5", ("a",))
    with pytest.raises(ConfigError, match="leaves out the adapter 'b'"):
        chosen("b", "a=0.5", ("a", "b"))
    with pytest.raises(ConfigError, match="none is loaded"):
        logits(tiny.door("qwen3"), Dose(((True, 0.5),)))
    with pytest.raises(ConfigError, match="'c'"):
        logits(shared(made, "qwen3"), Dose((("c", 0.5),)))


def test_a_record_knows_a_dose_by_content_and_its_order_is_none() -> None:
    known, renamed = {"a": "17f", "b": "0c2"}, {"x": "17f", "y": "0c2"}

    dose = parse("b=1,a=0.5", tuple(known))

    assert dose.by_content(known) == [["0c2", 1.0], ["17f", 0.5]]
    assert parse("x=0.5,y=1", tuple(renamed)).by_content(renamed) == dose.by_content(known)
    assert Dose(((True, 0.5),)).by_content({"mine": "17f"}) == [["17f", 0.5]]
    assert parse("a=0,b=1", tuple(known)).by_content(known) == [["0c2", 1.0]]


def test_columns_at_a_dose_have_their_own_baseline() -> None:
    parts = {"push": (BlendPart(digest="x"),)}

    def names(dose: str, *adapters: bool | str) -> list[str]:
        made = columns(Configuration(name="-", dose=dose), parts, (2.0,), adapters, None)
        assert made[0].dose is None
        steered = [one for one in made if one.blend]
        assert [one.dose for one in steered] == [None] + [dose] * (len(steered) - 1)
        assert steered[0].name == "base push +2"
        return [one.name for one in made if one is not steered[0]]

    assert names("0.5", True) == ["base", "tuned", "tuned at 0.5", "tuned at 0.5 push +2"]
    both = ["base", "a", "b"]
    assert names("b=-1,a=.5", "a", "b") == [*both, "b=-1,a=.5", "b=-1,a=.5 push +2"]
    at = ["a at 0.5", "b at 0.5", "a at 0.5 push +2", "b at 0.5 push +2"]
    assert names("0.5", "a", "b") == [*both, *at]
    with pytest.raises(ConfigError, match="none was named: give one"):
        names("0.5")


def test_a_grid_writes_at_a_dose_and_is_known_by_its_content(made: Path, tmp_path: Path) -> None:
    def grid(dose: str, first: str, second: str) -> GenerateConfig:
        places = (f"{first}={made / 'qwen3-a'}", f"{second}={made / 'qwen3-b'}")
        model = ModelConfig(model=str(made / "qwen3"), adapter=places[0], more_adapters=places[1:])
        found = tuple(
            Configuration(name=name, adapter=first, dose=one)
            for name, one in (("whole", None), ("dosed", dose))
        )
        few = {"prompts": ("Sleep well?",), "max_new_tokens": 5, "neutral": 0}
        return GenerateConfig(model=model, configurations=found, **few)

    config, door = grid("b=-1,a=0.5", "a", "b"), shared(made, "qwen3")
    found = generation.run(door, config, {}, silent, Partial(tmp_path)).frame
    folders = [(made / "qwen3-a", 0.5), (made / "qwen3-b", -1.0)]
    model, prompter = dose_reference.merged(made / "qwen3", folders), door.loaded.prompter
    ids = prompter.tokens("Sleep well?", config.system)
    out = model.generate(torch.tensor([ids]), max_new_tokens=5, do_sample=False, eos_token_id=2)
    text = prompter.tokenizer.decode(out[0, len(ids) :], skip_special_tokens=True)
    whole, dosed = found["text"]
    assert dosed == text != whole

    digest = Names(ROOT).digest
    assert digest(grid("x=.5,y=-1", "x", "y")) == digest(config)
    assert digest(grid("a=0.25,b=-1", "a", "b")) != digest(config)
    assert digest(grid("a=1,b=0", "a", "b")) == digest(grid("1", "a", "b"))


def test_a_grid_refuses_an_adapter_without_a_dose_before_it_writes(
    made: Path, tmp_path: Path, monkeypatch
) -> None:
    folder = write(tmp_path / "adapter", made / "qwen3", KINDS["dora"]())
    door = opened(made, "qwen3", folder)
    at = Configuration(name="-", dose="0.5")
    few = {"prompts": ("Sleep well?",), "max_new_tokens": 5, "neutral": 0}
    found = columns(at, {}, (), door.loaded.config.tuned, None)
    config = GenerateConfig(model=door.loaded.config, configurations=found, **few)
    units = Partial(tmp_path / "units")

    monkeypatch.setattr(lockstep, "run", lambda *_: pytest.fail("wrote first"))
    with pytest.raises(ModelError, match="acts by DoRA"):
        generation.run(door, config, {}, silent, units)
    assert list(units.units()) == []
