"""The questions, pairs and prompts that a reader has brought, by the names he gave them.

Knows nothing of how they are read, kept or drawn.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboard.session import naming, resources
from dashboard.words import captions
from engine.questions import own
from engine.questions.own import Kept

NOUNS = {"questions": "question", "pairs": "pair", "prompts": "prompt"}
"""What one row of each kind is called."""


def root() -> Path:
    """The folder of the store, below which they lie."""
    return Path(resources.engine().store.root)


def files(*kinds: str) -> dict[str, Kept]:
    """Those of some kinds by their paths as a config names them, each kind in its turn."""
    return {path_of(one): one for kind in kinds for one in own.every(root(), kind)}


def path_of(one: Kept) -> str:
    """Where it lies, as a config names it: below the project's root where it is there."""
    here = Path(resources.engine().root)
    path = Path(one.path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def words(paths: Sequence[str], *kinds: str) -> dict[str, str]:
    """What a picker calls files of these paths: own ones by their names, each unlike the others.

    Args:
        paths: Of own files and of others, which stay as they are.
        kinds: Among which own files are looked for.
    """
    known = files(*kinds)
    called = {path: _called(known[path]) for path in paths if path in known}
    names = list(called.values())
    found = {}
    for path in paths:
        if path not in called:
            found[path] = path
            continue
        one = known[path]
        more = f" · {one.sha256[:4]}" if names.count(called[path]) > 1 else ""
        found[path] = f"{called[path]} · yours, {captions.count(one.rows, NOUNS[one.kind])}{more}"
    return found


def _called(one: Kept) -> str:
    """What it is called now: the reader may have given it another name since."""
    named = naming.note(f"data:{one.sha256[:12]}").name
    return named or one.name


def path(chosen: str, words: Mapping[str, str]) -> str:
    """What a picker chose, where a browser may send a line that was on screen before.

    Args:
        chosen: A path, or what one is called.
        words: As `words` gave them.
    """
    return next((one for one, called in words.items() if called == chosen), chosen)
