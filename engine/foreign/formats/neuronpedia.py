"""One vector as Neuronpedia takes and gives it, in JSON. Knows nothing of files."""

from typing import Any

import numpy as np

from engine.configs.core import Site
from engine.foreign.formats import places
from engine.foreign.formats.limits import check_count
from engine.foreign.formats.places import FILE
from engine.foreign.formats.values import ForeignVectors, numbers, plain


def is_one(whole: dict[str, Any]) -> bool:
    """Whether it has the fields of a vector there."""
    has_numbers = isinstance(whole.get("vector"), list) and bool(whole["vector"])
    return has_numbers and isinstance(whole.get("layerNumber"), int) and "hookType" in whole


def read(name: str, whole: dict[str, Any], sha256: str) -> ForeignVectors:
    """The vector at its hook; its model's id there is no name of a model here.

    Raises:
        DataError: If it holds what is no number.
    """
    values = numbers(whole["vector"], name, "vector")
    check_count(name, len(values))
    block, hook = whole["layerNumber"], str(whole["hookType"])[:40]
    kind = places.of_hook(hook)
    label = str(whole.get("vectorLabel") or "")[:80]
    return ForeignVectors(
        name=name, sha256=sha256, layout="Neuronpedia vector", method="unknown",
        vectors=np.array([values], dtype=np.float32), names=(label or "vector",),
        sites=(Site(block=block, kind=kind) if kind and block >= 0 else None,),
        blocks=(block if block >= 0 else None,), dtype="decimal text", label=label,
        layers=f"{hook} of layer {block}" + ("." if kind else ", which is no site here."),
        said={"layer": FILE} | ({"site": FILE} if kind else {}),
        hint=str(whole.get("modelId") or "")[:80], claims=plain(whole),
    )  # fmt: skip
