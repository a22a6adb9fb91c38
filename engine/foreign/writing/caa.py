"""CAA's torch files (FORMATS 2.4): one bare vector a file, whose name says layer and model.

Source: `get_vector_path` of nrimsky/CAA. `vec_layer_{L}_{model}.pt` acts on the output of block L,
counted from 0. Numbers are float32. Knows nothing of other formats.
"""

import io
import re

from engine.foreign.writing.chosen import Chosen, added_blocks

TITLE = "A CAA vector"


def write(chosen: Chosen) -> dict[str, bytes]:
    """The files by name, one vector [hidden] each.

    Raises:
        ConfigError: If several vectors are at one block, or a vector is of another place or not
            for adding.
    """
    import torch

    blocks = added_blocks(chosen, TITLE)
    model = re.sub(r"[^\w.-]+", "-", chosen.model.rstrip("/").rpartition("/")[2]) or "model"
    files = {}
    for block, row in zip(blocks, chosen.vectors, strict=True):
        sink = io.BytesIO()
        torch.save(torch.from_numpy(row.copy()), sink)
        files[f"vec_layer_{block}_{model}.pt"] = sink.getvalue()
    return files
