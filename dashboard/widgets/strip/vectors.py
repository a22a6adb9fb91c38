"""Which vectors a strip is read with: the text's own, and the pinned one beside it.

Draws nothing.
"""

from collections.abc import Sequence

from dashboard.session import pinned, resources
from engine.configs.reads.strips import VectorAt, vector_at
from engine.errors import EngineError
from engine.records.records import VectorSet


def chosen(own: Sequence[str], block: int | None = None) -> tuple[VectorAt, ...]:
    """The first vector that there is, and the pinned one where it is another of the same width.

    Args:
        own: References of the text's own vectors, the first wanted first; the pinned and the
            current one come after them.
        block: At whose output they are read; None is each vector's own site.
    """
    pin = pinned.reference()
    wanted = [one for one in (*own, pin, pinned.current()) if pinned.known(one) is not None]
    found = [str(one) for one in wanted[:1]]
    if found and pin is not None and pinned.known(pin) and pin not in found:
        first, second = of(found[0]), of(pin)
        if first and second and first.vectors.shape[1] == second.vectors.shape[1]:
            found.append(pin)
    return tuple(vector_at(one, block) for one in found)


def of(reference: str) -> VectorSet | None:
    """The set of a vector; None where it cannot be read."""
    try:
        return resources.vector_set(reference.partition(":")[0])
    except EngineError:
        return None


def blocks(reference: str) -> int:
    """How many blocks its model has, as far as its record says; else up to its own."""
    found = of(reference)
    known = pinned.known(reference)
    told = 0 if found is None else int(found.model.get("blocks") or 0)
    return max(told, 0 if known is None else known.block + 1)
