"""What must stay as it is when code moves: digests, exports, help texts, and what is listed.

    python -m tests.unchanged write FOLDER     # once in each of two checkouts
    python -m tests.unchanged compare BEFORE AFTER

Writes one file for each thing and compares them byte by byte. It finds the classes of configs by
their names, so that it runs in a checkout from before the rooms as well (commit 00291ec).
"""

import contextlib
import importlib
import io
import json
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERBS = """
| find | find melbo | find power-iteration | find random | find contrastive | find finetune-diff
| experiment | experiment corrigibility | experiment deception | evaluate | generate | similarity
| audit | evidence | build-dataset | finetune | bench | check | list | show | import | export
"""
STORED = next((ROOT / "vectors").glob("melbo_demo_*")).stem.rpartition("_")[2]
"""A set of vectors that ships with the project."""


def found(name: str, here: str, before_rooms: str) -> Any:
    """Something by its name: from its room, or from where it lay before there were rooms."""
    has_rooms = (ROOT / "engine" / "runs").exists()
    return getattr(importlib.import_module(here if has_rooms else before_rooms), name)


def command(*arguments: str) -> str:
    """What the command line prints on stdout."""
    main = found("main", "engine.cli.main", "engine.cli")
    os.environ["COLUMNS"] = "100"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main(list(arguments))
    return printed.getvalue()


def classes() -> dict[str, Any]:
    """The classes of configs by name, wherever they lie."""
    import engine

    found: dict[str, Any] = {}
    for module in pkgutil.walk_packages(engine.__path__, "engine."):
        is_config = "config" in module.name or "studies" in module.name
        if is_config or module.name.endswith("evidence_runs"):
            names = vars(importlib.import_module(module.name))
            found |= {n: v for n, v in names.items() if isinstance(v, type)}
    if "ScreenConfig" in found:
        found["AdaptiveConfig"] = found["ScreenConfig"]
    return found


def configs() -> Iterator[tuple[str, Any]]:
    """Configs of every kind of run: the defaults, and one with most settings changed."""
    c = classes()
    tuned = c["ModelConfig"](adapter="demo")
    prompts = c["PromptsConfig"](prompts=("one", "two"), system=None)
    ref = c["VectorRef"](digest=STORED, indices=(0, 2))
    part = c["BlendPart"](digest=STORED, index=1, weight=-0.5)
    sweep = c["EvaluateConfig"](vectors=(ref,), controls=0, scales=(-1.0, 0.0, 1.0))
    column = c["Configuration"](name="x", adapter=True, blend=(part,), layers=(3, 4), scale=2.0)
    slices = {"source_layer": 1, "target_layer": 7, "seed": 3, "norm": 2.0}
    yield "melbo", c["MelboConfig"]()
    yield "melbo", c["MelboConfig"](prompts=prompts, steps=3, variant="study", **slices)
    yield "power-iteration", c["PowerIterationConfig"]()
    yield "power-iteration", c["PowerIterationConfig"](tolerance=0.1, variant="powers", **slices)
    yield "random", c["RandomConfig"]()
    yield "random", c["RandomConfig"](kind="covariance", vectors=2, norm=0.5)
    yield "contrastive", c["ContrastiveConfig"]()
    yield (
        "contrastive",
        c["ContrastiveConfig"](layers=(2, 3), contrast="both", shuffles=4, max_rows=9),
    )
    yield "finetune-diff", c["FinetuneDiffConfig"]()
    yield "finetune-diff", c["FinetuneDiffConfig"](position="last-prompt", variant="study")
    yield "ab", c["EvaluateConfig"]()
    yield "ab", c["EvaluateConfig"](vectors=(ref,), side_effects=True, control_kind="covariance")
    yield "generation", c["GenerateConfig"]()
    yield "generation", c["GenerateConfig"](model=tuned, configurations=(column,), neutral=2)
    yield "screening", c["AdaptiveConfig"](sweep=sweep)
    yield "screening", c["AdaptiveConfig"](sweep=sweep, direction="away", delta=0.1, batch=2)
    yield "evidence", c["EvidenceConfig"](vectors=STORED)
    yield "evidence", c["EvidenceConfig"](vectors=STORED, seeds=1, prompts=("a",), draws=8)
    yield "corrigibility", c["CorrigibilityConfig"](source_layer=1, target_layer=7)
    yield "corrigibility", c["CorrigibilityConfig"](variant="study", orders="as-given", norm=2.0)
    yield "deception", c["DeceptionConfig"]()
    yield "deception", c["DeceptionConfig"](study=True, scales=(1.0,), controls=3)
    yield "finetune", c["FinetuneConfig"]()
    yield "finetune", c["FinetuneConfig"](answers="honest", rank=4, system="Be brief.")
    yield "dataset", c["DatasetConfig"]()
    yield "dataset", c["DatasetConfig"](avoid="data/prompts/shutdown.txt", layout="study", count=3)


def digest_before_rooms(engine: Any, kind: str, config: Any) -> str:
    """As it was asked for when every kind of run had a function of its own."""
    module = {
        "screening": "screening",
        "evidence": "evidence_runs",
        "corrigibility": "experiments",
        "deception": "deception",
        "finetune": "finetune_records",
        "dataset": "dataset_builder",
    }.get(kind)
    if module is None:
        return engine.digest(config)
    function = importlib.import_module(f"engine.{module}").digest_of
    if kind in ("finetune", "dataset"):
        return function(config, engine.root)
    return function(config) if kind == "evidence" else function(engine, config)


def digests() -> str:
    """A line for each config: its kind and the name of the record that it leads to."""
    Engine = found("Engine", "engine.runs.engine", "engine.engine")  # noqa: N806  A class.
    Store = found("Store", "engine.store.store", "engine.store")  # noqa: N806
    engine = Engine(Store(ROOT), keep_jobs=False)
    has_rooms = (ROOT / "engine" / "runs").exists()
    lines = []
    for kind, config in configs():
        ask = engine.digest if has_rooms else lambda c, k=kind: digest_before_rooms(engine, k, c)
        lines.append(f"{kind} {ask(config)}\n")
    return "".join(lines)


def pieces() -> Iterator[tuple[str, str]]:
    """Every thing that is compared, by the name of its file."""
    yield "digests.txt", digests()
    yield "list.txt", command("list")
    for verb in ["", *(" ".join(verb.split()) for verb in VERBS.split("|") if verb.strip())]:
        yield f"help/{verb.replace(' ', '_') or 'engine'}.txt", command(*verb.split(), "--help")
    for path in sorted([*(ROOT / "vectors").iterdir(), *(ROOT / "results").iterdir()]):
        if path.is_file() and "_" in path.name:
            digest = path.stem.split("_")[-1]
            yield f"show/{digest}.txt", command("show", digest)
            yield f"export/{digest}.csv", exported(digest)


def exported(digest: str) -> str:
    """A record's table as comma-separated values, or the sentence that says why there is none."""
    target = Path(os.environ["TMPDIR"]) / f"{digest}.csv"
    target.unlink(missing_ok=True)
    said = command("export", digest, "--format", "csv", "--out", str(target))
    return target.read_text(encoding="utf-8") if target.exists() else said


def write(folder: Path) -> None:
    """Write every thing into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(folder)
    for name, text in pieces():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace(str(ROOT), "ROOT"), encoding="utf-8")
    for path in folder.glob("*.csv"):
        path.unlink()


def compare(before: Path, after: Path) -> bool:
    """Print what differs, and how much does not."""
    names = [{str(p.relative_to(f)) for p in f.rglob("*") if p.is_file()} for f in (before, after)]
    different = sorted(names[0] ^ names[1])
    for name in sorted(names[0] & names[1]):
        if (before / name).read_bytes() != (after / name).read_bytes():
            different.append(name)
    for name in different:
        sys.stdout.write(f"differs: {name}\n")
    same: dict[str, int] = {}
    for name in sorted((names[0] & names[1]) - set(different)):
        kind = name.split("/")[0]
        same[kind] = same.get(kind, 0) + 1
    sys.stdout.write(json.dumps({"equal": same, "different": len(different)}) + "\n")
    return not different


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]))
    else:
        sys.exit(0 if compare(Path(sys.argv[2]), Path(sys.argv[3])) else 1)
