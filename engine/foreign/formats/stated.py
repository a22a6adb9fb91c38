"""Puts together what a file, its path, its sidecar and a person say of its vectors.

A file's own word is never overridden: where two disagree, the reader asks. Who said what is kept.
Knows nothing of bytes.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.configs.core import Site, SiteKind
from engine.errors import DataError
from engine.foreign.formats import places
from engine.foreign.formats.facts import disputes
from engine.foreign.formats.places import ASSUMED, DISPUTED, FILE, PATH, SIDECAR, USER
from engine.foreign.formats.values import ROWS, Fact, ForeignVectors, Given, plain

NO_LAYER = "The file does not say which layer its vectors belong to."
_SITES: dict[SiteKind, str] = {
    "block_out": "output", "block_in": "input", "mlp_out": "MLP output",
}  # fmt: skip
_SPEAKERS = {FILE: "The file", PATH: "The file's path", SIDECAR: "The file beside it"}


def settle(
    found: ForeignVectors, path: Path, beside: Mapping[str, Any], given: Given
) -> ForeignVectors:
    """The vectors with every fact that is known, and what still has to be asked.

    Args:
        found: What the file itself says.
        path: Where it lies.
        beside: Plain values of the file beside it that speaks of it.
        given: What a person states.

    Raises:
        DataError: If a person states what the file contradicts, or no such row.
    """
    own = found.claims
    claims = plain(beside) | own
    found = dataclasses.replace(found, claims=claims, said={"layer": FILE} | found.said)
    if not _is_placed(found):
        found = _beside(found, path, beside)
    if other := _contradicting(found, path, beside):
        found = _disputed(found, *other, given)
    else:
        found = _stated_layer(found, given)
    found = _stated_site(found, given)
    found = disputes.of_model(found, own, beside, given)
    found = disputes.of_operation(found, own, beside, given)
    if given.index:
        found = chosen(found, given.index)
    asks = tuple(dict.fromkeys((*found.asks, *_missing(found))))
    return dataclasses.replace(found, asks=asks)


def chosen(found: ForeignVectors, index: tuple[int, ...]) -> ForeignVectors:
    """Only some of the vectors, by their rows.

    Raises:
        DataError: If there is no such row, or one is named twice.
    """
    check_index(found.name, index, len(found.vectors))
    rows = list(index)
    return dataclasses.replace(
        found,
        vectors=found.vectors[rows],
        names=tuple(found.names[i] for i in rows),
        sites=tuple(found.sites[i] for i in rows),
        blocks=tuple(found.blocks[i] for i in rows) if found.blocks else (),
        scores={key: [values[i] for i in rows] for key, values in found.scores.items()},
        history={k: [[step[i] for i in rows] for step in v] for k, v in found.history.items()},
    )


def check_index(name: str, index: tuple[int, ...], count: int) -> None:
    """Refuse rows that are not there, or twice.

    Raises:
        DataError: In one sentence.
    """
    if len(set(index)) != len(index):
        raise DataError(f"--index names a row of {name} twice: name each once.")
    if wrong := [i for i in index if not 0 <= i < count]:
        raise DataError(f"{name} has rows 0 to {count - 1}, but --index asks for {wrong[0]}.")


def _is_placed(found: ForeignVectors) -> bool:
    return any(found.sites) or any(block is not None for block in found.blocks)


def _beside(found: ForeignVectors, path: Path, beside: Mapping[str, Any]) -> ForeignVectors:
    """The layer that the sidecar or the path says, if they agree and the file is silent."""
    if found.said.get("layer") != FILE or "index" in found.asks:
        return found
    own, told = places.of_values(beside), places.of_path(path)
    every = list(dict.fromkeys([*([] if own is None else [own]), *told]))
    if not every:
        return found
    if len(every) > 1:
        words = " and ".join(str(one) for one in every[:3])
        said = f"Its name, its folder and the file beside it say layers {words}: state the layer."
        return dataclasses.replace(found, layers=said, asks=("layer",))
    who = SIDECAR if own is not None else PATH
    source = "The file beside it says" if own is not None else "Only the file's path says"
    said = f"{source} layer {every[0]}; the output of block {every[0]} is assumed."
    return _placed(found, every[0], "block_out", said, {"layer": who, "site": ASSUMED})


def _contradicting(
    found: ForeignVectors, path: Path, beside: Mapping[str, Any]
) -> tuple[int, str] | None:
    """A layer that contradicts the vectors', and who says it; None where none does."""
    known, who = _known_blocks(found), found.said.get("layer")
    if not known or "layer" in found.asks:
        return None
    # The input of a block is the output of the one before, by which CAA names its files.
    known += [site.block - 1 for site in found.sites if site and site.kind == "block_in"]
    own = places.of_values(beside)
    if own is not None and own not in known and who != SIDECAR:
        return own, SIDECAR
    other = next((one for one in places.of_words(path) if one not in known), None)
    # A path that names one of its several layers contradicts nothing.
    return None if other is None else (other, PATH)


def _disputed(found: ForeignVectors, other: int, who: str, given: Given) -> ForeignVectors:
    """Vectors whose layer two sources say differently: the person decides between them.

    Raises:
        DataError: If what is stated is neither.
    """
    known, first = _known_blocks(found), _SPEAKERS[found.said.get("layer", FILE)]
    own = f"layer {known[0]}" if len(known) == 1 else f"layers {known[0]} to {known[-1]}"
    said = f"{first} says {own}, but {_SPEAKERS[who].lower()} says layer {other}"
    count = len(found.vectors)
    if given.layer is None:
        return dataclasses.replace(
            found, sites=(None,) * count, blocks=(), layers=f"{said}: state the layer.",
            asks=(*found.asks, "layer"), said=found.said | {"layer": DISPUTED},
        )  # fmt: skip
    if given.layer == other or [given.layer] == known:
        site = next((one for one in found.sites if one), None)
        kind = given.site or (site.kind if site else "block_out")
        words = f"{said}; you stated {_asked(given)}."
        by = USER if given.site else found.said.get("site", ASSUMED)
        return _placed(found, int(given.layer), kind, words, {"layer": USER, "site": by})
    raise DataError(f"{found.name}: {said}. Layer {given.layer} is neither: state one of them.")


def _placed(
    found: ForeignVectors, block: int, kind: SiteKind, words: str, said: dict[str, str]
) -> ForeignVectors:
    count = len(found.vectors)
    return dataclasses.replace(
        found, sites=(Site(block=block, kind=kind),) * count, blocks=(block,) * count,
        layers=words, said=found.said | said,
    )  # fmt: skip


def _stated_layer(found: ForeignVectors, given: Given) -> ForeignVectors:
    if given.layer is None:
        return found
    count = len(found.vectors)
    known = _known_blocks(found)
    wanted = tuple(range(count)) if given.layer == ROWS else (int(given.layer),) * count
    if known and found.said.get("layer") in (FILE, SIDECAR):
        if all(a is None or a == b for a, b in zip(_blocks(found), wanted, strict=True)):
            return found
        own = f"layer {known[0]}" if len(known) == 1 else f"layers {known[0]} to {known[-1]}"
        more = "." if len(known) == 1 else ", or choose vectors with --index."
        raise DataError(
            f"{found.name} says {own} itself, but {_asked(given)} was stated: leave it out{more}"
        )
    kind = given.site or "block_out"
    words = f"You stated {_asked(given)}: the {_SITES[kind]} of its block"
    words += "." if given.site else " is assumed."
    if known:
        words += f" The file's path says layer {known[0]}."
    who = {"layer": USER, "site": USER if given.site else ASSUMED}
    placed = tuple(Site(block=block, kind=kind) for block in wanted)
    asks = tuple(one for one in found.asks if one not in ("layer", "site"))
    return dataclasses.replace(
        found, sites=placed, blocks=wanted, layers=words, said=found.said | who, asks=asks
    )


def _asked(given: Given) -> str:
    return "one layer a row" if given.layer == ROWS else f"layer {given.layer}"


def _blocks(found: ForeignVectors) -> tuple[int | None, ...]:
    known = found.blocks or (None,) * len(found.vectors)
    return tuple(
        site.block if site else block for site, block in zip(found.sites, known, strict=True)
    )


def _known_blocks(found: ForeignVectors) -> list[int]:
    return sorted({block for block in _blocks(found) if block is not None})


def _stated_site(found: ForeignVectors, given: Given) -> ForeignVectors:
    """The site that a person states, where the file gives a layer alone."""
    kind = given.site
    if kind is None or not _is_placed(found) or found.said.get("site") == USER:
        return found
    own = {site.kind for site in found.sites if site}
    if own == {kind}:
        return found
    if own and found.said.get("site") != ASSUMED:
        words = _SITES[next(iter(own))]
        raise DataError(
            f"{found.name} itself says the {words} of its block, but {kind} was stated: leave "
            "--site out."
        )
    blocks = _blocks(found)
    last = given.depth
    placed = tuple(
        None if block is None or (last is not None and block >= last and own == set()) else
        Site(block=block, kind=kind)
        for block in blocks
    )  # fmt: skip
    words = f"{found.layers.split(';')[0].rstrip('.')}; you stated the {_SITES[kind]} of the block."
    asks = tuple(one for one in found.asks if one != "site")
    return dataclasses.replace(
        found, sites=placed, blocks=blocks, layers=words, asks=asks,
        said=found.said | {"site": USER},
    )  # fmt: skip


def _missing(found: ForeignVectors) -> list[Fact]:
    """What stands in the way of using any of the vectors."""
    if any(found.sites):
        return []
    return ["site"] if any(block is not None for block in found.blocks) else ["layer"]
