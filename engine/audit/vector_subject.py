"""Our own sets of vectors in the form in which foreign ones are audited. Judges nothing."""

from typing import Any, get_args

import numpy as np

from engine.foreign.formats.values import ForeignVectors, Operation, Program, plain
from engine.records.records import Provenance, VectorSet


def of_record(found: VectorSet, path: str) -> ForeignVectors:
    """A stored set as if it were a file of another tool, with all that it says of itself."""
    places = list(dict.fromkeys(site.words for site in found.sites))
    said = f"Made for the {places[0]}." if len(places) == 1 else "One site each."
    # An imported set keeps what its own program meant by its figures.
    is_imported = "claimed_method" in found.config
    program = found.config.get("program", "other")
    operation = found.config.get("operation", "add")
    return ForeignVectors(
        name=path.rsplit("/", 1)[-1],
        sha256=found.digest,
        layout="Imported record" if is_imported else "Vectorscope's record",
        program=program if program in get_args(Program) else "other",
        method=str(found.config.get("claimed_method", found.method)),
        vectors=np.asarray(found.vectors, dtype=np.float32),
        names=tuple(found.names),
        sites=found.sites,
        layers=str(found.config.get("layers", said)) if is_imported else said,
        operation=operation if operation in get_args(Operation) else "not stated",
        dtype=found.provenance.dtype if is_imported else "float32",
        scores=found.scores,
        claims=_claims(found, is_imported)
        | {f"residual norm, {where}": norm for where, norm in found.residual_norms.items()},
    )


def _claims(found: VectorSet, is_imported: bool) -> dict[str, Any]:
    """What is known of how the vectors were made; of imported ones, what their file said."""
    if not is_imported:
        return record_claims(found.config, found.model, found.provenance)
    given = found.config.get("claims")
    claims = given if isinstance(given, dict) else {}
    return plain(claims) | {"model": found.model.get("name"), "file": found.config.get("file")}


def record_claims(
    config: dict[str, Any], model: dict[str, Any], made: Provenance
) -> dict[str, Any]:
    """What a record of ours says of itself, under the names that foreign files use."""
    settings = plain({k: v for k, v in config.items() if k != "model"})
    for outer in (v for v in config.values() if isinstance(v, dict)):
        settings |= plain({k: v for k, v in outer.items() if k not in settings})
    named = {
        "model": model.get("name") or model.get("short_name"),
        "revision": model.get("revision") or model.get("fingerprint"),
        "template": model.get("template_hash"),
        "hidden": model.get("hidden"),
        "blocks": model.get("blocks"),
        "created": made.created,
        "commit": made.commit,
        "packages": ", ".join(f"{k} {v}" for k, v in sorted(made.packages.items())) or None,
    }
    return settings | {key: value for key, value in named.items() if value is not None}
