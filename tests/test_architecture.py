"""The rooms of the house: who may import whom, what is public, and how long things may be."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FUNCTION = 50
LONGEST_MODULE = 350
MOST_FILES = 20
"""In a room, or in one of its folders."""
MOST_ROOMS = 25

ENGINE = """
errors progress maths configs demo records questions statistics store model finders evaluators
training foreign audit sharing program runs bench cli
"""
DASHBOARD = "words frames charts session cards widgets forms views frame app guarded"
ROOMS = {"engine": ENGINE.split(), "dashboard": DASHBOARD.split()}
"""Each room imports only from those before it; `dashboard` also from `engine`."""

NO_TORCH = [
    "statistics",
    "store",
    "records",
    "configs",
    "questions",
    "foreign",
    "audit",
    "sharing",
    "runs",
]
"""Rooms of the engine whose modules must not load torch: viewing pages and commands need them."""
MAY_LOAD = {"engine.store.steps"}
"""Keeps tensors of a search that goes on; imported when one does."""


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@functools.cache
def imports(path: Path) -> list[str]:
    """Dotted names of all that a file imports, also inside functions."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def offences(folder: str, banned: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(folder)
        for name in imports(path)
        if name.split(".")[0] in banned
    ]


def room(path: Path) -> str:
    """The room of a house that a file lies in."""
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def test_the_engine_knows_no_screen() -> None:
    # A stored record draws itself with the dashboard's charts, which it loads when it is asked to.
    allowed = "engine/program/objects.py imports dashboard"
    found = offences("engine", {"streamlit", "altair", "dashboard", "pages"})

    assert [one for one in found if not one.startswith(allowed)] == []


def test_the_dashboard_knows_no_model() -> None:
    assert offences("dashboard", {"torch", "transformers", "peft", "pages"}) == []


def test_pages_import_only_what_a_page_needs() -> None:
    allowed = ("streamlit", "dashboard", "engine.configs", "engine.errors")
    wrong = [
        f"{path.name} imports {name}"
        for path in sources("pages")
        for name in imports(path)
        if not any(name == root or name.startswith(f"{root}.") for root in allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("house", ROOMS)
def test_every_file_lies_in_a_room_that_is_named(house) -> None:
    found = {room(path) for path in sources(house)} - {"__init__", "__main__"}

    assert found == set(ROOMS[house])
    assert len(found) <= MOST_ROOMS


@pytest.mark.parametrize("house", ROOMS)
def test_rooms_import_only_from_those_above(house) -> None:
    order = ["CACHE", "ROOT", "STORE", "Engine", *ROOMS[house]]
    wrong = []
    for path in sources(house):
        if room(path) in ("__init__", "__main__"):
            continue
        allowed = order[: order.index(room(path)) + 1]
        wrong += [
            f"{path.relative_to(ROOT)} imports {name}"
            for name in imports(path)
            if name.startswith(f"{house}.") and name.split(".")[1] not in allowed
        ]
    assert wrong == []


@pytest.mark.parametrize("house", ROOMS)
def test_every_room_says_its_duty_and_what_it_does_not_know(house) -> None:
    folders = [path.parent for path in sources(house) if path.parent != ROOT / house]
    for folder in sorted(set(folders)):
        text = (folder / "__init__.py").read_text(encoding="utf-8")
        assert "nows nothing of" in (ast.get_docstring(ast.parse(text)) or ""), folder
        assert len(list(folder.glob("*.py"))) <= MOST_FILES, folder


def public(folder: Path) -> set[str]:
    """What a room's `__init__` says that others may use."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    return set(text.partition("Public:")[2].strip().rstrip(".").replace("\n", " ").split(", "))


def test_rooms_use_of_others_only_what_is_public() -> None:
    known = {
        f"{house}.{name}": public(ROOT / house / name)
        for house, names in ROOMS.items()
        for name in names
        if (ROOT / house / name).is_dir()
    }
    wrong = []
    for path in [*sources("engine"), *sources("dashboard"), *sources("pages")]:
        own = ".".join(path.relative_to(ROOT).parts[:2])
        for name in imports(path):
            place, rest = ".".join(name.split(".")[:2]), name.split(".")[2:]
            if place in known and place != own and rest and rest[0] not in known[place]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []
    assert all(names for names in known.values())


def test_no_view_imports_another_page_s_view() -> None:
    wrong = []
    for path in sources("dashboard/views"):
        own = path.relative_to(ROOT / "dashboard/views").parts[0].removesuffix(".py")
        wrong += [
            f"{path.relative_to(ROOT)} imports {name}"
            for name in imports(path)
            if name.startswith("dashboard.views.") and not name.split(".")[2].startswith(own)
        ]
    assert wrong == []


def test_viewing_needs_no_torch() -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in [*(f"engine/{name}" for name in NO_TORCH), "dashboard"]
        for path in sources(folder)
        # `dashboard.app` and `guarded` are entry scripts: importing them would run them.
        if path.stem not in ("__init__", "app", "guarded")
    ]
    names = [name for name in names if name not in MAY_LOAD]
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
