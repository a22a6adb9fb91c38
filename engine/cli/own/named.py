"""A reader's own data by the name it was given, wherever a command asks for a file.

Knows nothing of what its rows mean.
"""

from pathlib import Path

from engine import ROOT
from engine.errors import ConfigError
from engine.questions import own
from engine.questions.own import Kept
from engine.questions.sources import located
from engine.store.naming import names
from engine.store.store import Store

KINDS = {
    "questions": ("questions",),
    "pairs": ("pairs", "prompts", "questions"),
    "answers": ("pairs",),
    "prompts": ("prompts",),
}
"""Among which own data a name is looked for, by what a command asks for."""


def path_of(given: str, store: Path, asked: str) -> str:
    """The file of own data that is called so; what names a file, or nothing here, as it is.

    Args:
        given: A path, or a name.
        store: Its folder.
        asked: One of `KINDS`.

    Raises:
        ConfigError: If several files of own data are called so.
    """
    if not given.strip() or _is_there(given):
        return given
    place = Store(store.resolve())
    known = names.of_store(place)
    every = [one for kind in KINDS[asked] for one in own.every(Path(place.root), kind)]
    # A reader may have given it another name since it was kept.
    called = {_path(one): known.note(f"data:{one.sha256[:12]}").name or one.name for one in every}
    found = [path for path, name in called.items() if name == given.strip()]
    if len(found) > 1:
        raise ConfigError(
            f"{len(found)} files of your own are called {given}: give the path of one, "
            f"{' or '.join(found)}."
        )
    return found[0] if found else given


def _is_there(given: str) -> bool:
    try:
        return located(given).exists()
    except (OSError, ValueError):
        # Too long for a file's name.
        return False


def _path(one: Kept) -> str:
    """As a config names it: below the project's root where it is there."""
    path = Path(one.path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
