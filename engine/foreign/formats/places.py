"""Layers and sites as names say them: of tensors, of files, of the folders that they lie in.

A number alone says which layer, not whether its input or its output is meant.
Knows nothing of files' contents.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs.core import Site, SiteKind

FILE, PATH, SIDECAR, USER, ASSUMED = "file", "path", "sidecar", "user", "assumed"
"""Who says a fact."""
DISPUTED = "disputed"
"""Two of them say it differently, and nobody has decided."""
KEYS = ("source_layer", "source_layer_idx", "layer", "layer_idx", "layer_index", "layerNumber")
"""Under which files say the layer of their vectors."""
_NUMBER = re.compile(
    r"(?:^|[^a-z])(?:layers?|direction|blocks?|l)[._\-]?(\d{1,4})(?!\d)", re.IGNORECASE
)
_WORD = re.compile(r"(?:^|[^a-z])(?:layer|block)[._\-]?(\d{1,4})(?!\d)", re.IGNORECASE)
_FOLDER = re.compile(r"(?:layer|block|l)[._\-]?(\d{1,4})", re.IGNORECASE)
_HOOK = re.compile(r"(?:^|\.)blocks\.(\d{1,4})\.hook_(\w+)$")
_MODULE = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d{1,4})(?:\.([a-z_.]+))?$")
_HOOKS: dict[str, SiteKind] = {
    "resid_post": "block_out", "resid_pre": "block_in", "mlp_out": "mlp_out",
}  # fmt: skip
_MODULES: dict[str, SiteKind] = {
    "": "block_out", "mlp": "mlp_out", "mlp.down_proj": "mlp_out", "mlp.c_proj": "mlp_out",
}  # fmt: skip


class Place(NamedTuple):
    """A layer, and the site where the name says it."""

    block: int
    kind: SiteKind | None
    """None where the name speaks of a place that is no site here."""
    words: str
    """What the name means, in words; "" where only a number stands in it."""

    @property
    def site(self) -> Site | None:
        """The site, if both are known."""
        return None if self.kind is None else Site(block=self.block, kind=self.kind)


def of_key(key: str) -> Place | None:
    """The place in a tensor's name: a hook's, a module's, or a number alone."""
    if found := _HOOK.search(key):
        word = found[2]
        return Place(int(found[1]), _HOOKS.get(word), f"hook_{word}"[:40])
    if found := _MODULE.search(key):
        part = found[2] or ""
        return Place(int(found[1]), _MODULES.get(part), f"module {part or 'of the block'}"[:40])
    numbers = {int(one) for one in _NUMBER.findall(key)}
    return Place(numbers.pop(), "block_out", "") if len(numbers) == 1 else None


def name_in(key: str) -> str:
    """What stands before the hook in a tensor's name, or the whole of it."""
    found = _HOOK.search(key)
    return key[: found.start()] if found and found.start() else key


def of_path(path: Path) -> list[int]:
    """Layers that a file's name, and the folders right above it, say; several where they differ."""
    found = [int(one) for one in _NUMBER.findall(path.stem)]
    for folder in path.parts[-4:-1]:
        if hit := _FOLDER.fullmatch(folder):
            found.append(int(hit[1]))
    return list(dict.fromkeys(found))


def of_words(path: Path) -> list[int]:
    """Those of `of_path` that stand behind the word layer or block in full.

    A short "l2" may be a norm, and "direction 3" a number of its own.
    """
    parts = (path.stem, *(one for one in path.parts[-4:-1] if _FOLDER.fullmatch(one)))
    return [int(hit) for part in parts for hit in _WORD.findall(part)]


def of_values(values: Mapping[Any, Any]) -> int | None:
    """The layer that plain values say under any of the usual keys."""
    inner = values.get("config")
    for place in (values, inner if isinstance(inner, Mapping) else {}):
        for key in KEYS:
            number = place.get(key)
            if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10_000:
                return number
    return None


def of_hook(word: Any) -> SiteKind | None:
    """The site of a hook's name, as "hook_resid_post"."""
    return _HOOKS.get(str(word).removeprefix("hook_"))
