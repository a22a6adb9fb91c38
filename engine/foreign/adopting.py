"""Foreign vectors kept as a record of ours, so that they can be measured like any other.

Values are taken as they are; layers are translated. Knows nothing of how files are read.
"""

import dataclasses
import tempfile
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from engine import ROOT
from engine.configs import core as configs
from engine.configs.core import PRESETS, ModelConfig, Site
from engine.errors import ConfigError, DataError, ModelError
from engine.foreign import formats
from engine.foreign.formats import ForeignVectors, Given, MissingFactsError
from engine.foreign.formats.places import DISPUTED, FILE, USER
from engine.foreign.formats.values import NOTHING
from engine.model.identity import declared_shape, locate
from engine.records import provenance
from engine.records.records import VectorSet
from engine.store.store import Store

METHOD = "imported"
OPERATIONS = {
    "add": "Made to be added, as it is here.",
    "subtract": "Its own program subtracts: its scale 1 is \u22121 here.",
    "ablate": "Made to be projected away: use the operation 'ablate', adding is not the same.",
    "not stated": "The file does not say whether to add or to project away.",
}


def adopt(found: ForeignVectors, store: Store, given: Given = NOTHING) -> str:
    """Keep the vectors of a foreign file that belong to a block; the digest of the record.

    Vectors that are not finite, hold no direction or stand at no block are left out, with a note.

    Args:
        found: What was read, with what was stated of it.
        store: Takes the record; one that is there already is left as it is.
        given: What was stated; without a model, the file's own claim counts.

    Raises:
        MissingFactsError: If model, layer or site have to be stated first.
        DataError: If no vector can be kept, or they are not of the model.
    """
    name = given.model or found.model
    asks = tuple(found.asks)
    if found.disputes:
        options = ", ".join(f"--{one}" for one in asks)
        raise MissingFactsError(f"{found.name}: {' '.join(found.disputes)} ({options})", asks)
    if not name or name == "unknown":
        hint = f" It says {found.hint} alone, which is no model." if found.hint else ""
        raise MissingFactsError(
            f"{found.name} does not say which model it is of: name it (--model).{hint}",
            ("model", *asks),
        )
    if asks:
        options = ", ".join(f"--{one}" for one in asks)
        raise MissingFactsError(
            f"{found.name} holds no vector whose block is known: state {options}. {found.layers}"
            if found.said.get("layer") != DISPUTED
            else f"{found.name}: {found.layers} ({options})",
            asks,
        )
    kept = {i: site for i in _usable(found) if (site := found.sites[i]) is not None}
    if not kept:
        raise DataError(f"{found.name} holds no vector that has a length and a block.")
    config = ModelConfig(model=_preset(name))
    _check_fit(found, config, list(kept.values()))
    record = _record(found, config, list(kept.values()), list(kept), given)
    if not store.has(record.digest):
        store.save_vectors(record)
    return record.digest


def known(given: Given) -> Given:
    """With depth and width of the model, where it is at hand."""
    if not given.model:
        return given
    try:
        source = locate(ModelConfig(model=_preset(given.model)), ROOT)
    except (ConfigError, ModelError):
        return given
    depth, width = declared_shape(source)
    return dataclasses.replace(given, depth=depth, width=width)


def adopt_upload(name: str, content: bytes, store: Store, given: Given = NOTHING) -> str:
    """The same, of bytes that came from a browser.

    Raises:
        DataError: As `adopt`, or if they hold no vectors.
    """
    with tempfile.TemporaryDirectory(prefix="vectorscope-keep-") as folder:
        path = Path(folder) / (PurePath(name.replace("\\", "/")).name or "upload")
        path.write_bytes(content)
        return adopt_file(path, store, given)


def adopt_file(path: Path, store: Store, given: Given = NOTHING) -> str:
    """The same, of a file.

    Raises:
        DataError: As `adopt`, or if it cannot be read or holds no vectors.
    """
    given = known(given)
    found = formats.read(path, given)
    if not isinstance(found, ForeignVectors):
        raise DataError(f"{path.name} holds no vectors, and only vectors can be kept.")
    if given.model is None and found.model and found.said.get("model") != DISPUTED:
        # Its own claim is as good as a stated one to hold layouts against.
        given = known(dataclasses.replace(given, model=found.model))
        again = formats.read(path, given)
        found = again if isinstance(again, ForeignVectors) else found
        given = dataclasses.replace(given, model=None)
    return adopt(found, store, given)


def _preset(name: str) -> str:
    """The short name of a known model, so that its vectors stand beside ours."""
    known = {preset.location.casefold(): short for short, preset in PRESETS.items()}
    return known.get(name.casefold(), name)


def _check_fit(found: ForeignVectors, model: ModelConfig, sites: list[Site]) -> None:
    """Refuse vectors of another width or beyond the last block, where the model is at hand."""
    try:
        source = locate(model, ROOT)
    except ModelError:
        return
    blocks, width = declared_shape(source)
    if width is not None and width != found.vectors.shape[1]:
        raise DataError(
            f"{found.name} has vectors of width {found.vectors.shape[1]}, but {model.model} has "
            f"width {width}: name the model they were made with."
        )
    if blocks is not None and (last := max(site.block for site in sites)) >= blocks:
        raise DataError(
            f"{found.name} has vectors for block {last}, but {model.model} has blocks 0 to "
            f"{blocks - 1}: name the model they were made with."
        )


def _usable(found: ForeignVectors) -> list[int]:
    lengths = np.linalg.norm(found.vectors.astype(np.float64), axis=1)
    return [i for i, length in enumerate(lengths) if np.isfinite(length) and length > 0]


def _record(
    found: ForeignVectors, model: ModelConfig, sites: list[Site], kept: list[int], given: Given
) -> VectorSet:
    settings: dict[str, Any] = {
        "model": configs.as_json(model),
        "file": found.name,
        "sha256": found.sha256,
        "layout": found.layout,
        "claimed_method": found.method,
        "program": found.program,
        "layers": found.layers,
        "operation": found.operation,
        "blocks": [f"{site.kind} {site.block}" for site in sites],
        "claims": found.claims,
        "said": found.said | {"model": USER if given.model else FILE},
        "names": _apart([found.names[i] for i in kept]),
    }
    settings |= {key: word for key in ("label", "hint") if (word := getattr(found, key))}
    for end in ("source_layer", "target_layer"):
        if isinstance(found.claims.get(end), int):
            settings[end] = found.claims[end]
    digest = configs.digest({"method": METHOD, **_plain(settings)})
    made = provenance.collect(0.0, "not recorded", found.dtype)
    return VectorSet(
        digest=digest,
        method=METHOD,
        vectors=np.ascontiguousarray(found.vectors[kept]),
        sites=tuple(sites),
        scores={key: [values[i] for i in kept] for key, values in found.scores.items()},
        history={
            key: [[step[i] for i in kept] for step in steps] for key, steps in found.history.items()
        },
        config=_plain(settings),
        model={
            "name": model.model,
            "short_name": model.short_name,
            "revision": None,
            "fingerprint": None,
            "adapter": None,
            "hidden": found.vectors.shape[1],
        },
        residual_norms={},
        provenance=made,
        notes=_notes(found, kept, given),
    )


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings without numbers that JSON has no word for."""

    def spelt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spelt(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [spelt(one) for one in value]
        is_odd = isinstance(value, float) and not np.isfinite(value)
        return str(value) if is_odd else value

    return spelt(settings)


def _apart(names: list[str]) -> list[str]:
    """The names, with a number behind those that stand twice."""
    return [
        f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def _notes(found: ForeignVectors, kept: list[int], given: Given) -> tuple[str, ...]:
    left = len(found.vectors) - len(kept)
    notes = [
        f"Imported from {found.name} ({found.layout}); when and with which weights it was made is "
        "not checked.",
        f"{found.layers} {OPERATIONS[found.operation]}",
    ]
    notes += found.remarks
    own = found.model
    if given.model and own and _preset(own) != _preset(given.model):
        notes.append(f"The file says that it is of {own[:80]}; {given.model} was stated.")
    if left:
        notes.append(
            f"{left} of {len(found.vectors)} vectors were left out: no block, or no length."
        )
    return tuple(notes)
