"""Bare tensors whose published file names say what they are: one function a program.

A name alone proves nothing: shapes are held against it, and against the model where it is at hand.
Knows nothing of bytes or torch.
"""

# ruff: noqa: ARG001  Readers of a name are called alike, whatever each needs.
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign.formats import own
from engine.foreign.formats.arrays import from_rows
from engine.foreign.formats.limits import check_count
from engine.foreign.formats.places import FILE, PATH, SIDECAR
from engine.foreign.formats.raw import refuse_raw
from engine.foreign.formats.values import ForeignVectors, Given, plain

DIRECTION, SCORES = "direction_metadata.json", "direction_evaluations.json"
_PERSONA = re.compile(r"(.+)_(?:prompt_avg|response_avg|prompt_last)_diff$")
_CAA = re.compile(r"vec_layer_(\d{1,4})(?:_(.+))?$")
_ADL = re.compile(r"mean_pos_(-?\d+)$")
_EASY_EDIT = re.compile(r"layer_(\d{1,4})$")
AXES = ("axis", "assistant_axis")


def read(
    path: Path, sha256: str, array: np.ndarray, dtype: str, beside: dict[str, Any], given: Given
) -> ForeignVectors:
    """A tensor without keys: by its name where that is a known program's, else as plain rows.

    Raises:
        DataError: If it has three axes that nothing explains, or holds no vectors.
    """
    name = path.name
    if array.ndim == 3:
        if path.stem == "mean_diffs":
            return mean_differences(name, sha256, array, dtype, beside)
        refuse_raw(name)
        shape = " x ".join(map(str, array.shape))
        raise DataError(
            f"{name} has three axes ({shape}), and nothing says what each is: save [vectors, "
            "hidden]."
        )
    found = from_rows(name, sha256, array, "bare tensor")
    found = dataclasses.replace(found, dtype=dtype, claims=plain(beside))
    for fits, build in _NAMED:
        if fits(path, found, beside):
            return build(path, found, beside, given)
    return found


def _direction(
    path: Path,
    found: ForeignVectors,
    beside: dict[str, Any],
    given: Given,
) -> ForeignVectors:
    layer = beside["layer"]
    return dataclasses.replace(
        found, layout="refusal direction", program="refusal-direction", method="contrastive",
        sites=(Site(block=layer, kind="block_in"),), operation="ablate",
        claims=plain(beside), said={"layer": SIDECAR, "site": FILE, "operation": FILE},
        layers=f"Layer {layer} means the input of block {layer}, by {DIRECTION} beside it.",
    )  # fmt: skip


def _persona(
    path: Path,
    found: ForeignVectors,
    beside: dict[str, Any],
    given: Given,
) -> ForeignVectors:
    rows = len(found.vectors)
    label = _part(_PERSONA, path.stem)
    if given.depth is not None and rows != given.depth + 1:
        said = f"It has {rows} rows, but one a hidden state of the model would be {given.depth + 1}"
        return dataclasses.replace(found, label=label, layers=f"{said}: state the layer.")
    inner = (Site(block=row - 1) for row in range(1, rows - 1))
    return dataclasses.replace(
        found, layout="persona vectors: one row a hidden state", method="contrastive",
        operation="add", sites=(None, *inner, None)[:rows], label=label,
        names=tuple(f"{label} {row}" for row in range(rows)),
        said={"layer": FILE, "site": FILE, "operation": FILE},
        layers="Row L is hidden state L, the output of block L \u2212 1: row 0 is the embeddings "
        "and the last row stands after the final norm, so neither can be added to a block.",
    )  # fmt: skip


def _axis(
    path: Path,
    found: ForeignVectors,
    beside: dict[str, Any],
    given: Given,
) -> ForeignVectors:
    return by_row(found, given)


def by_row(found: ForeignVectors, given: Given) -> ForeignVectors:
    """The assistant axis: one row a block, at its output."""
    rows = len(found.vectors)
    if given.depth is not None and rows != given.depth:
        said = f"It has {rows} rows, but one a block of the model would be {given.depth}"
        return dataclasses.replace(found, layers=f"{said}: state the layer.")
    return dataclasses.replace(
        found, layout="assistant-axis: one row a block", method="contrastive",
        sites=tuple(Site(block=row) for row in range(rows)), label="assistant axis",
        said={"layer": FILE, "site": FILE}, layers="Row L is the output of block L.",
    )  # fmt: skip


def _caa(
    path: Path,
    found: ForeignVectors,
    beside: dict[str, Any],
    given: Given,
) -> ForeignVectors:
    hit = _CAA.match(path.stem)
    assert hit is not None
    layer = int(hit[1])
    folder = path.parent.name
    label = "" if folder in ("", "vectors", "normalized_vectors") else folder
    caa = dataclasses.replace(
        found, layout="CAA vector", method="contrastive", sites=(Site(block=layer),),
        operation="add", names=(label or "contrastive",), label=label, hint=hit[2] or "",
        said={"layer": PATH, "site": FILE, "operation": FILE},
        layers=f"CAA's layer {layer} is the output of block {layer}, by the file's name.",
    )  # fmt: skip
    return own.restored(caa, own.keys(beside))


def _adl(
    path: Path,
    found: ForeignVectors,
    beside: dict[str, Any],
    given: Given,
) -> ForeignVectors:
    """The diffing toolkit's; the folder above says the layer."""
    position = _part(_ADL, path.stem)
    return dataclasses.replace(
        found, layout="diffing-toolkit: mean difference of a fine-tuned model",
        method="finetune-diff", operation="add", names=(f"position {position}",),
        remarks=("Its own program rescales it to the residual norm of the layer before adding.",),
    )  # fmt: skip


def _easy_edit(
    path: Path,
    found: ForeignVectors,
    beside: dict[str, Any],
    given: Given,
) -> ForeignVectors:
    layer = int(_part(_EASY_EDIT, path.stem))
    method = path.parent.name.removesuffix("_vector")
    return dataclasses.replace(
        found, layout="EasyEdit vector", sites=(Site(block=layer),), operation="add",
        names=(method,), label=method, said={"layer": PATH, "site": FILE, "operation": FILE},
        layers=f"EasyEdit's layer {layer} is the output of block {layer}, by the file's name.",
    )  # fmt: skip


def mean_differences(
    name: str, sha256: str, array: np.ndarray, dtype: str, beside: dict[str, Any]
) -> ForeignVectors:
    """All candidates of the refusal direction, [positions, layers, hidden], with their scores."""
    check_count(name, array.size)
    positions, layers, width = array.shape
    pairs = [(p - positions, layer) for p in range(positions) for layer in range(layers)]
    return ForeignVectors(
        name=name, sha256=sha256, dtype=dtype, program="refusal-direction",
        layout="mean differences [positions, layers, hidden]", method="contrastive",
        vectors=array.reshape(-1, width).astype(np.float32),
        names=tuple(f"position {p}, layer {layer}" for p, layer in pairs),
        sites=tuple(Site(block=layer, kind="block_in") for _, layer in pairs),
        operation="ablate", scores=_scores(beside.get(SCORES), pairs),
        said={"layer": FILE, "site": FILE, "operation": FILE},
        layers="Layer L means the input of block L; positions count from the prompt's end.",
    )  # fmt: skip


def _scores(rows: Any, pairs: list[tuple[int, int]]) -> dict[str, list[float]]:
    """Figures by position and layer, where every candidate has them."""
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        return {}
    known = {(one.get("position"), one.get("layer")): one for one in rows}
    words = [key for key in (rows[0] if rows else {}) if str(key).endswith("score")]
    try:
        return {str(w): [float(known[pair][w]) for pair in pairs] for w in words}
    except (KeyError, TypeError, ValueError):
        return {}


def _one(found: ForeignVectors) -> bool:
    return len(found.vectors) == 1


Fits = Callable[[Path, ForeignVectors, dict[str, Any]], bool]
_NAMED: tuple[tuple[Fits, Callable[..., ForeignVectors]], ...] = (
    (
        lambda path, found, beside: path.name == "direction.pt" and _one(found)
        and isinstance(beside.get("layer"), int) and beside["layer"] >= 0,
        _direction,
    ),
    (
        lambda path, found, _: bool(_PERSONA.match(path.stem)) and len(found.vectors) > 2,
        _persona,
    ),
    (lambda path, found, _: path.stem in AXES and not _one(found), _axis),
    (lambda path, found, _: bool(_CAA.match(path.stem)) and _one(found), _caa),
    (lambda path, found, _: bool(_ADL.match(path.stem)) and _one(found), _adl),
    (
        lambda path, found, _: bool(_EASY_EDIT.match(path.stem)) and _one(found)
        and path.parent.name.endswith("_vector"),
        _easy_edit,
    ),
)  # fmt: skip
"""Tried in order: what must be so of name and shape, and what then reads them."""


def _part(pattern: re.Pattern[str], name: str) -> str:
    """What a pattern finds in a name that it was chosen by."""
    found = pattern.match(name)
    assert found is not None
    return found[1]
