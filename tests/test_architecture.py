"""The folder rules: who may import whom, and how long things may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FUNCTION = 50
LONGEST_MODULE = 350

ORDER = """
collection errors progress files streaming linalg config generation_configs pair_configs requests
screen_configs studies records generation_records confidence intervals statistics nulls
near_duplicates question_groups parts effects badges doses usable selection power costs readings
flags letters sources knowledge question_rows polarity datasets pairs prompts identity allocator
row_memory batch_sizes loading batches fused blocks edits hooked decoding adapter_switch forward
jacobian similarity evidence evidence_words checks demo partial steps finders evaluators
screen_records provenance finetune_configs dataset_configs finetune_records finetune_examples
finetune_looks finetune_trainer finetune formats headers record_rows kept_readings dataset_files
dataset_answers dataset_questions dataset_texts dataset_builder store importing exporting
adopting audit estimates job jobs unfinished finding evaluating generating engine study_records
experiments evidence_runs screening deception_tables deception training_places training_process
training_jobs resuming bench options effect_reports evidence_reports screening_reports reports
cli_values cli_evaluate cli_find cli_experiments cli_pairs cli_similarity cli_evidence cli_audit
cli_library cli_generate cli_dataset cli_finetune cli_bench cli __main__
""".split()  # noqa: SIM905  A list literal would stand one name a line.
"""Modules and packages of `engine/`; each may import only from those before it."""

LIGHT = ["engine.statistics", "engine.store", "engine.provenance", "engine.jobs", "engine.engine"]
LIGHT += ["engine.formats", "engine.audit", "engine.importing", "engine.exporting"]
"""Must not load torch: the pages that only view are drawn by them."""


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(folder: str, banned: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(folder)
        for name in imports(path)
        if name.split(".")[0] in banned
    ]


def part(path: Path) -> str:
    """The module or package of `engine/` that a file belongs to."""
    return path.relative_to(ROOT / "engine").parts[0].removesuffix(".py")


def test_the_engine_knows_no_screen() -> None:
    assert offences("engine", {"streamlit", "altair", "dashboard", "pages"}) == []


def test_the_dashboard_knows_no_model() -> None:
    assert offences("dashboard", {"torch", "transformers", "peft", "pages"}) == []


def test_pages_import_only_what_a_page_needs() -> None:
    allowed = ("streamlit", "dashboard", "engine.config", "engine.errors")
    wrong = [
        f"{path.name} imports {name}"
        for path in sources("pages")
        for name in imports(path)
        if not any(name == root or name.startswith(f"{root}.") for root in allowed)
    ]
    assert wrong == []


def test_every_engine_module_has_its_place_in_the_order() -> None:
    parts = {part(path) for path in sources("engine")} - {"__init__"}
    assert sorted(parts - set(ORDER)) == [], "name them in ORDER, above the first that imports them"


def test_engine_modules_import_only_from_those_above() -> None:
    wrong = []
    for path in sources("engine"):
        if part(path) not in ORDER:
            continue
        allowed = ORDER[: ORDER.index(part(path)) + 1]
        wrong += [
            f"{path.relative_to(ROOT)} imports {name}"
            for name in imports(path)
            if name.startswith("engine.") and name.split(".")[1] not in allowed
        ]
    assert wrong == []


def test_viewing_needs_no_torch() -> None:
    names = [name for name in LIGHT if (ROOT / f"{name.replace('.', '/')}.py").exists()]
    # `dashboard.app` is the entry script: importing it would run it.
    names += [
        f"dashboard.{p.stem}" for p in sources("dashboard") if p.stem not in ("__init__", "app")
    ]
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    heavy = {'torch', 'transformers', 'peft'} & sys.modules.keys()\n"
        "    assert not heavy, f'{name} loads {sorted(heavy)}'\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("folder", ["engine", "dashboard", "pages"])
def test_functions_and_modules_stay_short(folder) -> None:
    long = []
    for path in sources(folder):
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > LONGEST_MODULE:
            long.append(f"{path.relative_to(ROOT)} has {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {lines} lines")
    assert long == []
