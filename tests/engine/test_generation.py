"""The generation grid: every row equals the slow way, whatever stands beside it in its batch."""

import json
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from peft import LoraConfig, get_peft_model

from engine.cli import main
from engine.configs.core import ModelConfig, Site, as_json
from engine.configs.finders import RandomConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.registry import from_json
from engine.errors import Cancelled, ConfigError, StoreError
from engine.evaluators import cells, generation, lockstep
from engine.evaluators.steering.columns import Columns, sites_of
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.progress import silent
from engine.records.columns import names
from engine.records.grids import GENERATION_COLUMNS, partial_texts
from engine.records.provenance import collect
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.store.store import Store
from engine.store.units import Partial
from tests import tiny
from tests.reference import generation_reference as slow

KINDS = ["qwen3", "llama", "gpt2"]
PROMPTS = ("What is the best way to sleep well?", "Would you accept being shut down?", "Read.")
TARGETS = {"gpt2": ["c_attn", "c_fc"]}


@cache
def door_of(kind: str, lora: bool = False) -> Forward:
    """A random model; the same weights with and without the LoRA."""
    model = tiny.causal(kind)
    if lora:
        wanted = TARGETS.get(kind, ["q_proj", "v_proj", "up_proj"])
        with torch.random.fork_rng():
            torch.manual_seed(5)
            settings = LoraConfig(r=4, target_modules=wanted, init_lora_weights=False)
            model = get_peft_model(model, settings)
    return Forward(tiny.wrap(model, kind))


def stored(digest: str = "a1", sites: tuple[Site, ...] | None = None) -> VectorSet:
    sites = sites or (Site(block=1), Site(block=3), Site(block=2))
    return VectorSet(
        digest=digest,
        method="random",
        vectors=tiny.seeded(len(sites), 32, seed=3).numpy(),
        sites=sites,
        scores={},
        history={},
        config={},
        model={"fingerprint": "random", "short_name": "random"},
        residual_norms={},
        provenance=collect(0.0, "cpu", "float32"),
    )


SETS = {"a1": stored()}
FIRST = (BlendPart(digest="a1", index=0),)
BOTH = (BlendPart(digest="a1", index=0, weight=0.5), BlendPart(digest="a1", index=1, weight=-2.0))


def columns(adapter: bool = False) -> tuple[Configuration, ...]:
    """Every kind of intervention once, with the baselines."""
    made = [
        Configuration(name="add", blend=FIRST, scale=2.0),
        Configuration(name="minus", blend=FIRST, scale=-2.0, positions="response"),
        Configuration(name="relative", blend=FIRST, scale=1.0, scale_unit="relative"),
        Configuration(name="blend", blend=BOTH, scale=1.5, positions="prompt"),
        Configuration(name="unit", blend=BOTH, scale=3.0, unit_norm=True, layers=(0, 2, 4)),
        Configuration(name="norm", blend=FIRST, scale=3.0, preserve_norm=True, layers="all"),
        Configuration(name="ablate", blend=FIRST, operation="ablate"),
        Configuration(name="ablate all", blend=BOTH, operation="ablate", layers="all"),
        Configuration(name="half", blend=FIRST, operation="ablate", scale=0.5, positions="last-3"),
    ]
    base = [Configuration(name="base")]
    if adapter:
        made = [Configuration(**{**vars(c), "adapter": i % 2 == 0}) for i, c in enumerate(made)]
        base.append(Configuration(name="tuned", adapter=True))
    return (*base, *made)


def grid(door: Forward, folder: Path, progress=silent, **changes) -> generation.GridResult:
    values = {"configurations": columns(), "max_new_tokens": 6, "neutral": 0, "prompts": PROMPTS}
    config = GenerateConfig(**values | changes)
    return generation.run(door, config, SETS, progress, Partial(folder))


def adapter_model() -> ModelConfig:
    return ModelConfig(model="random", adapter="somewhere")


def expected_changes(door: Forward, one: Configuration) -> list[dict]:
    """The changes of a column from its definition: sums written out, one block at a time."""
    if one.name in ("base", "tuned"):
        return []
    raw = torch.from_numpy(SETS["a1"].vectors)
    vectors = [raw[p.index] / (raw[p.index].norm() if one.unit_norm else 1.0) for p in one.blend]
    weighted = [(p.index, p.weight * v) for p, v in zip(one.blend, vectors, strict=True)]
    if one.layers == "own":
        places = [(SETS["a1"].sites[i].block, v) for i, v in weighted]
    else:
        whole = sum(v for _, v in weighted)
        chosen = range(5) if one.layers == "all" else one.layers
        places = [(b, whole) for b in chosen]
    changes = []
    for block, vector in places:
        scale = one.scale
        if one.scale_unit == "relative":
            scale *= median_norm(door, block) / float(vector.norm())
        changes.append(
            {
                "block": block,
                "vector": vector,
                "scale": scale,
                "operation": one.operation,
                "positions": one.positions,
                "preserve_norm": one.preserve_norm,
            }
        )
    return changes


@cache
def median_norm(door: Forward, block: int) -> float:
    """Over all tokens of the first 16 neutral prompts, in the base model."""
    norms = []
    for line in Path("data/prompts/neutral.txt").read_text().splitlines()[:16]:
        tokens = door.loaded.prompter.tokens(line, GenerateConfig().system)
        norms += (
            door.capture(tokens, [Site(block=block)], adapter=False)[Site(block=block)]
            .norm(dim=-1)
            .tolist()
        )
    return float(torch.tensor(norms).median())


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("lora", [False, True], ids=["plain", "lora"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_equals_the_whole_model_run_alone(kind, lora, tmp_path) -> None:
    door = door_of(kind, lora)
    model = adapter_model() if lora else ModelConfig(model="random")
    made, prompts = columns(lora), PROMPTS[lora:]

    frame = grid(door, tmp_path, model=model, configurations=made, prompts=prompts).frame

    ends = cells.end_tokens(door)
    assert list(frame.columns) == names(GENERATION_COLUMNS)
    assert len(frame) == len(prompts) * len(made)
    for row in frame.to_dict("records"):
        one = next(c for c in made if c.name == row["configuration"])
        tokens = door.loaded.prompter.tokens(row["prompt"], GenerateConfig().system)
        changes = expected_changes(door, one)
        written = slow.greedy(door.loaded.model, tokens, changes, one.adapter, 6, ends)
        text = door.loaded.tokenizer.decode(written, skip_special_tokens=True)
        assert row["text"] == text, (kind, one.name)
        assert row["finished"] == (written[-1] in ends)
        assert row["tokens"] == len(written) - row["finished"]
    assert frame.text.nunique() > len(prompts)


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("lora", [False, True], ids=["plain", "lora"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_step_of_a_row_in_a_batch_equals_the_row_alone(kind, lora) -> None:
    door = door_of(kind, lora)
    tokens = door.loaded.prompter.tokens(PROMPTS[0], None)
    made = Columns(door, columns(), SETS, None)
    made.residuals = dict.fromkeys(map(Site_of, range(5)), 4.0)
    rows = [made.edits(c) for c in columns()]
    for adapter in (False, True) if lora else (False,):
        together = steps(door, [tokens] * len(rows), rows, adapter)

        for row, edits in enumerate(rows):
            alone = steps(door, [tokens], [edits], adapter)
            assert [t for t, _ in together[row]] == [t for t, _ in alone[0]]
            for (_, left), (_, right) in zip(together[row], alone[0], strict=True):
                torch.testing.assert_close(left, right, atol=1e-4, rtol=1e-4)
        lengths = {len(one) for one in together}
        assert lengths == set(range(1, 8)), "rows must leave the batch at different steps"


def Site_of(block: int) -> Site:  # noqa: N802  It reads as the class.
    return Site(block=block)


def steps(door: Forward, prompts, rows, adapter: bool) -> list[list[tuple[int, torch.Tensor]]]:
    """(token, logits) of each step of each row; row r ends after 1 + r % 7 steps."""
    found: list[list[tuple[int, torch.Tensor]]] = [[] for _ in rows]

    def pick(going: list[int], logits: torch.Tensor) -> list[int | None]:
        tokens: list[int | None] = []
        for place, row in enumerate(going):
            token = int(logits[place].argmax())
            found[row].append((token, logits[place].clone()))
            number = row if len(rows) > 1 else steps.number
            tokens.append(token if len(found[row]) < 1 + number % 7 else None)
        return tokens

    if len(rows) == 1:
        steps.number += 1
    else:
        steps.number = -1
    lockstep.run(door, prompts, rows, adapter, pick)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_scale_zero_and_the_empty_blend_are_the_baseline_bit_for_bit(kind) -> None:
    door = door_of(kind, lora=True)
    tokens = door.loaded.prompter.tokens(PROMPTS[0], None)
    vector = torch.from_numpy(SETS["a1"].vectors[0])
    zeros = [
        [Edit(site=Site(block=b), vector=vector, scale=0.0, operation=operation, preserve_norm=n)]
        for b in (1, 3)
        for operation in ("add", "ablate")
        for n in (False, True)
    ]
    steered = [[Edit(site=Site(block=1), vector=vector, scale=5.0)]]
    rows = [[], *steered, *zeros, []]
    seen: list[torch.Tensor] = []
    beside: list[torch.Tensor] = []
    alone: list[torch.Tensor] = []
    without = [[], *steered, *([[]] * len(zeros)), []]

    for kept, edits in ((seen, rows), (beside, without), (alone, [[]] * len(rows))):

        def pick(going: list[int], logits: torch.Tensor, kept=kept) -> list[int | None]:
            kept.append(logits.clone())
            return [int(x) if len(kept) < 5 else None for x in logits.argmax(-1)]

        lockstep.run(door, [tokens] * len(rows), edits, True, pick)

    assert len(seen) == len(beside) == len(alone) == 5
    for logits, unsteered, baseline in zip(seen, beside, alone, strict=True):
        assert not torch.equal(logits[0], logits[1])
        assert torch.equal(logits, unsteered)
        # Rows that share more of the prompt go through products of other shapes.
        torch.testing.assert_close(logits[0], baseline[0], rtol=1e-5, atol=1e-5)
        for row in range(2, len(rows)):
            assert torch.equal(logits[row], logits[0])


def test_columns_that_change_nothing_share_the_baselines_text(tmp_path) -> None:
    door = door_of("qwen3")
    nothing = (
        Configuration(name="base"),
        Configuration(name="zero", blend=FIRST, scale=0.0, operation="ablate", layers="all"),
        Configuration(name="empty", blend=(), scale=7.0),
        Configuration(name="weightless", blend=(BlendPart(digest="a1", weight=0.0),)),
        Configuration(name="add", blend=FIRST, scale=9.0),
    )

    found = grid(door, tmp_path, configurations=nothing, temperature=1.0, samples=3, neutral=2)

    by_name = dict(tuple(found.frame.groupby("configuration")))
    for name in ("zero", "empty", "weightless"):
        for column in ("text", "mean_logprob", "scale"):
            assert list(by_name[name][column]) == list(by_name["base"][column])
        assert found.side_effects[name] == found.side_effects["base"]
    assert list(by_name["add"].text) != list(by_name["base"].text)
    assert by_name["base"].text.nunique() > 1


@pytest.mark.matrix(keep=3)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", ["own", "all", (0, 4)])
def test_ablation_leaves_nothing_of_the_direction_at_any_step(kind, layers, tmp_path) -> None:
    door = door_of(kind, lora=True)
    one = Configuration(
        name="gone", adapter=True, blend=BOTH[:1], operation="ablate", layers=layers
    )
    sites = sites_of([one], SETS, door)
    vector = torch.from_numpy(SETS["a1"].vectors[0])
    with after_edits(door) as seen:
        grid(door, tmp_path, model=adapter_model(), configurations=(one,), max_new_tokens=5)

    unit = vector / vector.norm()
    for site in sites:
        states = seen[site.block]
        # Of the last block's output only the last position goes on, and hooks run it all.
        assert site.block == 4 or any(s.shape[1] > 1 for s in states)
        assert len(states) >= 5, "the prompt and every step"
        for state in states:
            assert ((state @ unit).abs() <= 1e-4 * state.norm(dim=-1)).all(), site.words


@contextmanager
def after_edits(door: Forward):
    """What each block hands on, edits and all, by block, while the grid writes its texts."""
    causal = door.loaded.causal
    is_gpt = hasattr(causal, "transformer")
    last = causal.transformer.ln_f if is_gpt else causal.model.norm
    receivers = [*slow.blocks_of(door.loaded.model)[1:], last]
    seen: dict = {block: [] for block in range(len(receivers))}
    on = {"is_on": False}

    def catch(block: int):
        def hook(_module, args, kwargs):
            if on["is_on"]:
                seen[block].append((args[0] if args else kwargs["hidden_states"]).detach().clone())

        return hook

    handles = [
        r.register_forward_pre_hook(catch(block), with_kwargs=True)
        for block, r in enumerate(receivers)
    ]
    write = generation.Grid._write_all

    def watched(self, cells):
        on["is_on"] = True
        write(self, cells)
        on["is_on"] = False

    generation.Grid._write_all = watched
    try:
        yield seen
    finally:
        generation.Grid._write_all = write
        for handle in handles:
            handle.remove()


def test_a_sampled_text_depends_on_its_cell_alone(tmp_path) -> None:
    door = door_of("llama")
    settings = {"temperature": 1.0, "samples": 2, "max_new_tokens": 8}
    whole = grid(door, tmp_path / "whole", **settings).frame

    few = (columns()[3], columns()[0])
    parts = [
        grid(door, tmp_path / "one", **settings, prompts=PROMPTS[2:], configurations=few).frame,
        grid(door, tmp_path / "two", **settings | {"samples": 1}, prompts=PROMPTS[::-1]).frame,
    ]

    keys = ["prompt", "configuration", "sample"]
    texts = whole.set_index(keys).text
    for part in parts:
        assert (texts.loc[part.set_index(keys).index] == part.set_index(keys).text).all()
    assert texts.nunique() > 0.9 * len(texts)
    other = grid(door, tmp_path / "other", **settings, seed=1).frame
    assert (other.text != whole.text).mean() > 0.9


def test_memory_that_runs_out_halves_the_batch_and_changes_no_text(tmp_path, monkeypatch) -> None:
    door = door_of("qwen3")
    expected = grid(door, tmp_path / "whole").frame
    run, sizes = lockstep.run, []

    def tight(door, prompts, edits, adapter, pick):
        sizes.append(len(prompts))
        if len(prompts) > 3:
            raise torch.OutOfMemoryError("no room")
        run(door, prompts, edits, adapter, pick)

    monkeypatch.setattr(lockstep, "run", tight)
    found = grid(door, tmp_path / "tight")

    assert sizes[0] > 3
    assert any("Memory ran out" in note for note in found.notes)
    pd.testing.assert_frame_equal(found.frame, expected, atol=1e-4)


def test_a_stopped_grid_keeps_its_texts_and_goes_on(tmp_path, monkeypatch) -> None:
    door = door_of("qwen3")
    # Some rows end while others of their batch go on.
    monkeypatch.setattr(generation, "end_tokens", lambda _: set(range(0, 512, 9)))
    expected = grid(door, tmp_path / "whole").frame
    fresh = [0]
    monkeypatch.setattr(generation, "LIVE_SECONDS", 0.0)

    def stop(done: int, total: int, message: str = "", **_metrics: float) -> None:
        fresh[0] += 1
        if fresh[0] == 10:
            raise Cancelled("grid")

    with pytest.raises(Cancelled):
        grid(door, tmp_path / "stopped", stop)
    left = partial_texts(Partial(tmp_path / "stopped"))

    assert 0 < left.finished.sum() < len(left) < len(expected)
    texts = expected.set_index(["prompt", "configuration"]).text
    for row in left.to_dict("records"):
        whole = texts[row["prompt"], row["configuration"]]
        assert row["text"] == whole if row["finished"] else whole.startswith(row["text"][:-1])

    run, rows = lockstep.run, []

    def counting(door, prompts, edits, adapter, pick):
        rows.append(len(prompts))
        run(door, prompts, edits, adapter, pick)

    monkeypatch.setattr(generation.Grid, "_score", lambda self: [
        setattr(c, "mean_logprob", 0.0) for c in self.cells.values()
    ])  # fmt: skip
    monkeypatch.setattr(lockstep, "run", counting)
    found = grid(door, tmp_path / "stopped")

    assert list(found.frame.text) == list(expected.text)
    assert sum(rows) == len(expected) - left.finished.sum()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prompts": ()}, "No prompt was given"),
        ({"prompts": ("Hi", " ")}, "A prompt is empty"),
        ({"samples": 2}, "At temperature 0 every sample is the same"),
        ({"max_new_tokens": 0}, "0 new tokens were asked for: use 1 to 4096"),
        ({"temperature": -1.0}, "The temperature is -1.0"),
        ({"temperature": 1.0, "top_k": -1}, "Top-k is -1, but must be 0"),
        ({"temperature": 1.0, "top_p": 0.0}, "Top-p is 0.0, but must lie above 0 and be at most 1"),
        ({"temperature": 1.0, "top_p": 1.1}, "Top-p is 1.1"),
        ({"temperature": 1.0, "top_p": float("nan")}, "Top-p is nan"),
        ({"top_p": 0.9}, "At temperature 0 top-k and top-p change nothing"),
        ({"top_k": 20}, "At temperature 0 top-k and top-p change nothing"),
        ({"configurations": (Configuration(name="x"),) * 2}, "Two configurations are named 'x'"),
        (
            {"configurations": (Configuration(name="x", adapter=True),)},
            "Configuration 'x' is of the fine-tuned model, but no adapter was named",
        ),
    ],
)
def test_a_grid_that_cannot_work_is_refused(changes, sentence) -> None:
    with pytest.raises(ConfigError, match=sentence):
        GenerateConfig(**changes)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"blend": (BlendPart(digest="a1", index=3),)}, "has vectors 0 to 2: choose one"),
        ({"blend": FIRST, "layers": (7,)}, "layer is 7, but qwen3 has blocks 0 to 4"),
        (
            {"blend": (*FIRST, BlendPart(digest="a1", weight=-1.0))},
            "vectors of 'bad' cancel out at the output of block 1",
        ),
        ({"blend": (BlendPart(digest="wide"),)}, "have width 7, but qwen3 has hidden size 32"),
    ],
)
def test_a_column_that_does_not_fit_the_model_is_refused(values, sentence, tmp_path) -> None:
    wide = stored("wide", (Site(block=1),))
    object.__setattr__(wide, "vectors", np.ones((1, 7), dtype=np.float32))
    config = GenerateConfig(configurations=(Configuration(name="bad", **values),))

    with pytest.raises(ConfigError, match=sentence):
        generation.run(door_of("qwen3"), config, {**SETS, "wide": wide}, silent, Partial(tmp_path))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"positions": "first-2"}, "Positions 'first-2' are not known"),
        ({"operation": "ablate", "scale_unit": "relative"}, "share that is removed"),
        ({"layers": ()}, "No layer was named"),
        ({"scale": float("nan")}, "A scale is nan"),
        ({"name": " "}, "has no name"),
    ],
)
def test_a_configuration_that_means_nothing_is_refused(values, sentence) -> None:
    with pytest.raises(ConfigError, match=sentence):
        Configuration(**{"name": "x", "blend": FIRST, **values})


def test_vectors_of_another_model_are_used_but_noted(tmp_path) -> None:
    sets = {"a1": stored()}
    sets["a1"].model["fingerprint"] = "other"
    config = GenerateConfig(
        configurations=(Configuration(name="x", blend=FIRST),), max_new_tokens=1, neutral=0
    )

    found = generation.run(door_of("qwen3"), config, sets, silent, Partial(tmp_path))

    assert "were found on another model" in found.notes[0]


# The engine, the store and the command line


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"))


def found_set(engine: Engine, folder: Path) -> str:
    model = ModelConfig(model=str(folder))
    return engine.run(RandomConfig(model=model, source_layer=1, vectors=2, norm=4.0))


def test_a_submitted_grid_stores_a_record_that_can_be_asked_again(folder, tmp_path) -> None:
    engine = Engine(Store(tmp_path))
    part = BlendPart(digest=found_set(engine, folder), index=1)
    config = GenerateConfig(
        model=ModelConfig(model=str(folder)),
        configurations=(
            Configuration(name="base"),
            Configuration(name="v", blend=(part,), layers=(1, 2)),
        ),
        max_new_tokens=4,
        neutral=2,
    )
    job = engine.submit(config)
    assert engine.jobs.wait(job, 60.0)

    assert job.state == "done", job.error
    assert (job.kind, job.title) == ("generate", "Generate 2 texts on 1 prompt")
    found = Store(tmp_path).load_generation(job.result)
    assert found.config == as_json(config)
    assert from_json("generation", found.config) == config
    assert list(found.frame.columns) == names(GENERATION_COLUMNS)
    assert set(found.side_effects["v"]) == {"relative", "kl", "neutral_perplexity"}
    info = engine.store.find(job.result)
    assert info.kind == "generation"
    assert Path(info.path).name.startswith("generations_")
    assert info.summary == "1 prompt, 2 configurations"
    assert not engine.store.partial(job.result).units()
    assert engine.estimate_seconds(config) > 0
    assert engine.digest(from_json(job.request["method"], job.request["config"])) == job.result


def test_labels_stand_beside_the_record_and_the_last_one_counts(folder, tmp_path) -> None:
    engine = Engine(Store(tmp_path))
    config = GenerateConfig(
        model=ModelConfig(model=str(folder)), prompts=PROMPTS, max_new_tokens=2, neutral=0
    )
    digest = engine.run(config)
    before = Path(engine.store.find(digest).path).read_bytes()

    for row, label in ((0, "honest"), (2, "broken"), (0, "deceptive"), (2, "")):
        path = engine.store.add_label(digest, row, label)

    assert engine.store.labels(digest) == {0: "deceptive"}
    assert path == tmp_path / "results" / "labels" / f"{digest}.jsonl"
    assert len(path.read_text().splitlines()) == 4
    assert Path(engine.store.find(digest).path).read_bytes() == before
    with pytest.raises(StoreError, match=f"Text 3 does not exist: {digest} has texts 0 to 2"):
        engine.store.add_label(digest, 3, "honest")


def run(capsys, *arguments: object) -> tuple[int, dict, str]:
    code = main.main([str(a) for a in arguments])
    out = capsys.readouterr().out
    return code, json.loads(out.strip().splitlines()[-1]), out


def test_the_command_line_writes_baselines_and_every_scale(capsys, folder, tmp_path) -> None:
    digest = found_set(Engine(Store(tmp_path)), folder)
    common = ["--model", folder, "--store", tmp_path, "--max-new-tokens", 3, "--neutral", 1]
    common += ["--temperature", 0.6, "--top-p", 0.95, "--top-k", 20]
    code, answer, out = run(
        capsys, "generate", *common, "--vectors", f"{digest}:1", "--scales=-2,0,2",
        "--prompt", "Read a book.", "--layers", "1,2", "--positions", "last-2", "--unit",
    )  # fmt: skip

    assert code == 0
    found = Store(tmp_path).load_generation(answer["digest"])
    assert answer["path"].endswith(f"_{answer['digest']}.parquet")
    names = [f"random_01@{digest[:4]} -2", f"random_01@{digest[:4]} +2"]
    assert list(found.frame.configuration) == ["base", *(f"base {name}" for name in names)]
    assert found.config["configurations"][1]["layers"] == [1, 2]
    chosen = [found.config[name] for name in ("temperature", "top_p", "top_k")]
    assert chosen == [0.6, 0.95, 20]
    assert "Side effects" in out

    code, again, _ = run(capsys, "show", answer["digest"], "--store", tmp_path)
    assert (code, again["kind"]) == (0, "generation")

    code, blended, _ = run(
        capsys, "generate", *common, "--vectors", digest, "--blend=0.5,-1", "--operation", "ablate"
    )
    made = Store(tmp_path).load_generation(blended["digest"]).config["configurations"]
    assert code == 0
    assert [part["weight"] for part in made[1]["blend"]] == [0.5, -1.0]
    assert made[1]["operation"] == "ablate"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--operation", "cut"], "operation 'cut' is not known: use add or ablate or"),
        (["--layers", "last"], "Layers 'last' are not known: use own, all, or blocks as 7,8."),
        (["--tuned"], "--tuned steers the fine-tuned model: name it with --adapter."),
        (["--blend", "1"], "--blend has 1 weights for 0 vectors: give one for each."),
        (["--prompt", " "], "The prompt is empty: write one after --prompt."),
        (["--scales", "a"], "Scales 'a' are not numbers"),
        (["--vectors", "0000"], "There is no record '0000'"),
        (["--positions", "some"], "Positions 'some' are not known"),
    ],
)
def test_bad_input_gets_one_sentence(capsys, folder, tmp_path, arguments, sentence) -> None:
    code, answer, _ = run(capsys, "generate", "--model", folder, "--store", tmp_path, *arguments)

    assert code == 2
    assert sentence in answer["error"]
    assert not list(tmp_path.glob("results/*.parquet"))


def test_texts_cannot_steer_the_terminal() -> None:
    from engine.cli.drawing import plain

    assert plain("a\x1b[31m\nü[b]") == "a\\x1b[31m\\nü[b]"
