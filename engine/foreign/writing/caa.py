"""CAA's torch files (FORMATS 2.4): one bare vector a file, whose name says layer and model.

Source: `get_vector_path` of nrimsky/CAA. `vec_layer_{L}_{model}.pt` acts on the output of block L,
counted from 0. Numbers are float32. A small JSON file beside each says what a bare tensor cannot;
CAA's programs open files by name and pass it by. Knows nothing of other formats.
"""

import io
import re

from engine.foreign.writing.chosen import Chosen, added_blocks
from engine.records import strict

TITLE = "A CAA vector"


def write(chosen: Chosen) -> dict[str, bytes]:
    """The files by name, one vector [hidden] each, and what is told of each beside it.

    Raises:
        ConfigError: If several vectors are at one block, or a vector is of another place or not
            for adding.
    """
    import torch

    blocks = added_blocks(chosen, TITLE)
    model = re.sub(r"[^\w.-]+", "-", chosen.model.rstrip("/").rpartition("/")[2]) or "model"
    files = {}
    for place, (block, row) in enumerate(zip(blocks, chosen.vectors, strict=True)):
        sink = io.BytesIO()
        torch.save(torch.from_numpy(row.copy()), sink)
        one = Chosen(found=chosen.found, indices=(chosen.indices[place],))
        stem = f"vec_layer_{block}_{model}"
        files[f"{stem}.pt"] = sink.getvalue()
        files[f"{stem}.json"] = strict.dumps({"vectorscope": one.told}).encode()
    return files
