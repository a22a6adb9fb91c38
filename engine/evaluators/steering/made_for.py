"""What vectors of other tools were made for, held against what is done with them.

Knows nothing of models.
"""

from collections.abc import Iterable, Mapping

from engine.records.records import VectorSet

_MADE = {
    "add": "to be added",
    "subtract": "to be subtracted",
    "ablate": "to be projected away",
}
_FITS = {"add": ("add",), "ablate": ("ablate", "low-rank")}


def mismatches(sets: Mapping[str, VectorSet], done: Iterable[tuple[str, str]]) -> list[str]:
    """A sentence for every imported set that was not made for what is done with it.

    Args:
        sets: By digest.
        done: Digest and operation of everything that is done.
    """
    notes = []
    for digest, operation in dict.fromkeys(done):
        found = sets.get(digest)
        made = "" if found is None else str(found.config.get("operation", ""))
        if found is None or found.method != "imported" or made not in _MADE:
            continue
        if operation not in _FITS.get(made, ()):
            does = "is added here" if operation == "add" else f"{operation!r} is done here"
            if made == "subtract" and operation == "add":
                does += ": its own scale 1 is \u22121"
            file = str(found.config.get("file", digest))[:60]
            notes.append(f"{file} was made {_MADE[made]}, and {does}.")
    return notes


def other_model(sets: Mapping[str, VectorSet], name: str) -> list[str]:
    """A sentence for every imported set that is said to be of another model than `name`."""
    return [
        f"{str(one.config.get('file', digest))[:60]} is said to be of "
        f"{one.model['short_name']}, not of {name}."
        for digest, one in sets.items()
        if one.method == "imported" and one.model.get("short_name") not in (None, name)
    ]
