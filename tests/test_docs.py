"""README and docs: their commands are taken by the real command line, their links lead somewhere.

Every `python -m engine` line of a fenced shell block is parsed with all its options. Lines that run
a config go on until the engine would be asked, so that their values are checked as well. Blocks
behind `<!-- run -->` are run. Words in capitals, as FILE, stand for what a reader puts there.
"""

import importlib
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main as cli
from engine.configs import registry
from engine.model.operators.registry import OPERATORS
from engine.runs.engine import Engine

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
MOST_WORDS = 20
MOST_LINES = 120
"""Of the README."""

_FENCE = re.compile(r"(<!-- run -->\s*)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ENGINE = (".venv/bin/python -m engine ", "python -m engine ", "vectorscope ")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_PLACEHOLDER = re.compile(r"\b[A-Z]{4,}\b(?![\"'./])")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shell(page: Path) -> Iterator[tuple[str, bool]]:
    """Lines of a page's shell blocks, their variables put in, and whether they are to be run."""
    for mark, language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        known: dict[str, str] = {}
        for line in block.splitlines() if language == "bash" else ():
            for key, value in known.items():
                line = re.sub(rf"\${key}\b", lambda _, value=value: value, line)
            parts = shlex.split(line, comments=True)
            if parts and all(re.match(r"[A-Z]+=", part) for part in parts):
                known |= dict(part.split("=", 1) for part in parts)
            elif parts:
                yield line, bool(mark)


def commands() -> list[Any]:
    """Every engine command of the pages, as arguments, once."""
    found = {}
    for page in PAGES:
        for line, runs in shell(page):
            start = next((one for one in _ENGINE if line.startswith(one)), None)
            if start:
                found[line] = (shlex.split(line[len(start) :], comments=True), runs)
    return [pytest.param(*one, id=line.split(" engine ")[-1][:70]) for line, one in found.items()]


def inline() -> list[str]:
    """Beginnings of commands that stand in a sentence: `evaluate --letters bare`."""
    text = "\n".join(_FENCE.sub("", page.read_text(encoding="utf-8")) for page in PAGES)
    verbs = "|".join([*cli.COMMANDS, "find", "experiment"])
    return sorted(set(re.findall(rf"`((?:{verbs}) [^`\n]*--[^`\n]*)`", text)))


def options_of(arguments: list[str]) -> set[str]:
    """The options of the command that arguments name."""
    command: Any = cli._commands()
    for argument in arguments:
        if not hasattr(command, "commands"):
            break
        command = command.commands[argument]
    return {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)}


class ReachedError(Exception):
    """The engine was asked."""


@pytest.fixture
def _no_engine(monkeypatch) -> None:
    def reach(*_: Any, **__: Any) -> None:
        raise ReachedError

    monkeypatch.setattr(Engine, "run", reach)
    monkeypatch.setattr(Engine, "load", reach)


@pytest.mark.parametrize(("arguments", "runs"), commands())
@pytest.mark.usefixtures("_no_engine")
def test_a_command_of_the_docs_is_taken(arguments, runs, monkeypatch, capsys) -> None:
    monkeypatch.chdir(ROOT)
    given = {part.split("=")[0] for part in arguments if re.match(r"--?[a-z]", part)}
    assert given <= options_of(arguments) | {"--help"}
    if runs:
        assert cli.main(arguments) == 0, capsys.readouterr().err
    elif arguments[0] in RUN_BY_A_CONFIG and not _PLACEHOLDER.search(" ".join(arguments)):
        with pytest.raises(ReachedError):
            pytest.fail(f"{cli.main(arguments)}: {capsys.readouterr().err}")


RUN_BY_A_CONFIG = {
    *("find", "experiment", "evaluate", "equal-cost", "suggest", "blend"),
    *("probe", "words", "examples", "generate", "evidence", "check"),
}
"""Their values are checked up to the engine's door."""


@pytest.mark.parametrize("command", inline())
def test_options_in_sentences_exist(command) -> None:
    arguments = shlex.split(command.replace("…", ""))

    assert {one for one in arguments if one.startswith("--")} <= options_of(arguments)


def test_the_docs_hold_commands_and_some_are_run() -> None:
    assert len(commands()) > 20
    assert sum(one.values[1] for one in commands()) >= 4
    assert len(inline()) > 10


def test_every_verb_stands_in_the_docs() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")

    assert [verb for verb in cli.COMMANDS if f"`{verb}" not in text] == []


def test_make_targets_of_the_docs_exist() -> None:
    known = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    asked = set(re.findall(r"(?:^|`|…)\s*make ([a-z]+)\b", text, re.M))

    assert {"run", "test", "docs"} <= asked <= known


def test_modules_of_the_docs_exist() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    asked = {one.replace(".", "/") for one in re.findall(r"-m ((?:tests|engine)[\w.]*\w)", text)}
    wrong = [
        one
        for one in sorted(asked)
        if not (ROOT / f"{one}.py").is_file() and not (ROOT / one / "__main__.py").is_file()
    ]

    assert wrong == []
    assert len(asked) > 5


def python_blocks() -> list[Any]:
    """Every Python block of the pages, and where it stands."""
    return [
        pytest.param(block, id=f"{name(page)}-{i}")
        for page in PAGES
        for i, (_, language, block) in enumerate(_FENCE.findall(page.read_text(encoding="utf-8")))
        if language == "python"
    ]


@pytest.mark.parametrize("block", python_blocks())
def test_python_of_the_docs_asks_what_an_engine_has(block) -> None:
    compile(block, "docs", "exec")
    asked = set(re.findall(r"\bengine\.(\w+)\(", block))

    assert {one for one in asked if not hasattr(Engine, one)} == set()


def test_files_that_the_docs_name_exist() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    asked = set(re.findall(r"`((?:engine|tests|dashboard|data)/[\w./-]+\.\w+)`", text))

    assert [one for one in sorted(asked) if not (ROOT / one).exists()] == []
    assert len(asked) > 10


def anchors(page: Path) -> set[str]:
    """Headings of a page as links name them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    heads = [re.sub(r"[`*]", "", one).lower() for one in re.findall(r"^#+ (.+)$", text, re.M)]
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", one).strip()) for one in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page) -> None:
    wrong = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        if place.startswith("http"):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def test_every_page_is_in_the_contents_and_all_of_these_are_here() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": (\S+\.md)$", text.partition("\nnav:")[2], re.M)
    here = {page.name for page in DOCS.glob("*.md")}

    assert len(listed) == len(set(listed))
    assert set(listed) == here


def test_the_site_is_built_without_a_warning(tmp_path) -> None:
    mkdocs = ROOT / ".venv-docs/bin/mkdocs"
    if not mkdocs.exists():
        pytest.skip("mkdocs is not here: `make docs` installs it.")

    asked = [str(mkdocs), "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def sentences(page: Path) -> Iterator[str]:
    """Sentences of a page, without code, tables and headings."""
    text = _FENCE.sub("\n\n", page.read_text(encoding="utf-8"))
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        if block.startswith(":::"):
            continue
        lines = [one.strip() for one in block.splitlines()]
        lines = [one for one in lines if not one.startswith(("|", "#", "![", ":::", "<!--"))]
        flat = re.sub(r"`[^`]*`", "Code", " ".join(lines))
        flat = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", flat)
        yield from re.split(r"(?<=[.!?])[\"*)]*\s+(?=[\"*(A-Z0-9−±])", flat)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_sentences_are_short(page) -> None:
    long = [one for one in sentences(page) if len(re.findall(r"\S*\w\S*", one)) > MOST_WORDS]

    assert long == []


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def rows(heading: str) -> dict[str, str]:
    """First column and row of a table of the page of methods."""
    text = (DOCS / "methods.md").read_text(encoding="utf-8")
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {row.split("`")[1]: row for row in part.splitlines() if row.startswith("| `")}


def test_methods_have_every_finder() -> None:
    finders = {one.method for one in registry.RUNS if one.finder}

    assert finders <= set(rows("Finders"))


@pytest.mark.parametrize("operation", OPERATORS)
def test_methods_have_every_operation_with_the_formula_of_its_file(operation) -> None:
    formula = rows("Operations")[operation].split("`")[3]
    module = importlib.import_module(OPERATORS[operation].change.__module__)

    assert formula in " ".join((module.__doc__ or "").split())
