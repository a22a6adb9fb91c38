"""`.svec`, the JSON of IBM's activation-steering and of AISteer360 (FORMATS 2.9).

Source: `SteeringVector.save` of IBM/activation-steering. `directions` holds one list of numbers by
block, counted from 0, at whose output it acts; one axis and `explained_variances`, so that both
tools load it. Numbers are the float32's in full. Knows nothing of other formats.
"""

from typing import Any

from engine.foreign.writing.chosen import Chosen, added_blocks
from engine.records import strict

TITLE = "A .svec file"


def write(chosen: Chosen) -> bytes:
    """The file of one vector a block.

    Variances are given where the record has them; the key is there in any case, for IBM's loader
    asks for it.

    Raises:
        ConfigError: If several vectors are at one block, or a vector is of another place or not
            for adding.
    """
    blocks = added_blocks(chosen, TITLE)
    order = sorted(range(len(blocks)), key=lambda i: blocks[i])
    rows = chosen.vectors
    known = chosen.found.scores.get("explained_variance")
    variances = [] if known is None else [(blocks[i], known[chosen.indices[i]]) for i in order]
    values: dict[str, Any] = {
        "model_type": chosen.model_type,
        "directions": {str(blocks[i]): [float(x) for x in rows[i]] for i in order},
        "explained_variances": {str(block): float(value) for block, value in variances},
        "model": chosen.model,
        "vectorscope": chosen.told,
    }
    return strict.dumps(values).encode()
