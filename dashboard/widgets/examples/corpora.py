"""Which corpus is searched: shipped pairs, prompt files, or a file that a reader drops.

A dropped file is kept by its content, so that its job can be run again. Draws no results.
"""

import functools
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.session import own_data, resources
from dashboard.widgets import widgets
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import Added
from engine.configs.reads.examples import ExamplesConfig, Form
from engine.errors import DataError, EngineError
from engine.questions.corpora import load_corpus
from engine.store.files import write_atomically

FOLDER = "results/corpora"
KINDS = ["txt", "json", "jsonl", "csv", "tsv", "parquet"]
MOST_MEGABYTES = 50
OWN = "a file of mine"


class Corpus(NamedTuple):
    """A file with the way in which its texts are read."""

    path: str
    form: Form
    is_shipped: bool = False


def choose(key: str) -> Corpus | None:
    """The corpus that the reader chooses; None while there is none."""
    known = brought() | shipped() | dropped()
    chosen = st.selectbox(
        "Corpus", [*known, OWN], key=f"{key}_corpus", help="Pairs are read as answers."
    )
    asking.button(f"{key}_corpus", ("prompts", "pairs"), lambda added: _take(key, added))
    if chosen != OWN:
        return known[chosen]
    upload = st.file_uploader(
        "Texts: a line each (.txt), or a column of JSON, CSV or Parquet",
        type=KINDS,
        max_upload_size=MOST_MEGABYTES,
        key=f"{key}_file",
    )
    if upload is None:
        return None
    try:
        path = keep(upload.name, upload.getvalue())
        found = load_corpus(path, most=ExamplesConfig.max_texts)
    except EngineError as error:
        widgets.show_error(error)
        return None
    st.caption(f"{len(found.texts):,} texts can be read.")
    return Corpus(str(path), "auto")


def _take(key: str, added: Added) -> None:
    kept = {one.path: called for called, one in brought().items()}
    st.session_state[f"{key}_corpus"] = kept[added.value]


def brought() -> dict[str, Corpus]:
    """The pairs and prompts that the reader has brought, by what they are called."""
    words = own_data.words(list(own_data.files("pairs", "prompts")), "pairs", "prompts")
    forms: dict[str, Form] = {"pairs": "auto", "prompts": "prompt"}
    kinds = {path: one.kind for path, one in own_data.files(*forms).items()}
    return {called: Corpus(path, forms[kinds[path]]) for path, called in words.items()}


@functools.lru_cache(maxsize=16)
def has_held_out(path: str) -> bool:
    """Whether a shipped file marks pairs from which no vector was found."""
    try:
        return bool(load_corpus(path, held_out=True).texts)
    except DataError:
        return False


def shipped() -> dict[str, Corpus]:
    """The pairs and prompts that come with the project, by what they are called."""
    root = Path(resources.engine().root)
    kinds: tuple[tuple[str, str, Form], ...] = (
        ("pairs", "data/pairs/*.json", "auto"),
        ("prompts", "data/prompts/*.txt", "prompt"),
    )
    return {
        f"{kind}: {one.stem}": Corpus(str(one.relative_to(root)), form, True)
        for kind, files, form in kinds
        for one in sorted(root.glob(files))
    }


def dropped() -> dict[str, Corpus]:
    """The files that were dropped here before."""
    files = sorted(_folder().glob("*")) if _folder().is_dir() else []
    return {f"dropped: {one.name}": Corpus(str(one), "auto") for one in files}


def keep(name: str, content: bytes) -> Path:
    """Keep a dropped file under its name and the beginning of its hash.

    Raises:
        DataError: If it is of no kind that can be read, or the disk refuses.
    """
    suffix = Path(name).suffix.lower()
    if suffix.removeprefix(".") not in KINDS:
        raise DataError(f"{name} is no file of texts: drop one of {', '.join(KINDS)}.")
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem)[:40].strip("-") or "texts"
    path = _folder() / f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}{suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    return path


def _folder() -> Path:
    return Path(resources.engine().store.root) / FOLDER
