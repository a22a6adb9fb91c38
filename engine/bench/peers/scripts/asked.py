"""The work that a peer is asked to do, as it lies in a folder.

Knows nothing of any peer; imported by programs that run in another environment.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FILE = "work.json"
MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Pairs to read, prompts to go on from, and questions to answer, with what is added where."""

    block: int
    """After which a vector is added, at every position."""
    pairs: list[tuple[str, str]]
    """Texts of both poles, read at their last token."""
    pair_tokens: list[tuple[list[int], list[int]]]
    prompts: list[list[int]]
    grid_deltas: Tensor
    """[configurations, hidden]."""
    new_tokens: int
    ends: list[int]
    """Tokens that end a text."""
    questions: list[list[int]]
    sweep_deltas: Tensor
    """[cells, hidden]; the first is zero."""
    letters: tuple[int, int]
    """Tokens of the answers A and B."""


def read(folder: Path) -> Asked:
    """What the engine wrote into a folder."""
    plain = json.loads((folder / FILE).read_text(encoding="utf-8"))
    arrays = {name: torch.from_numpy(np.load(folder / f"{name}.npy")) for name in plain["arrays"]}
    return Asked(
        block=plain["block"],
        pairs=[(first, second) for first, second in plain["pairs"]],
        pair_tokens=[(first, second) for first, second in plain["pair_tokens"]],
        prompts=plain["prompts"],
        new_tokens=plain["new_tokens"],
        ends=plain["ends"],
        questions=plain["questions"],
        letters=(plain["letters"][0], plain["letters"][1]),
        **arrays,
    )


def padded(rows: list[list[int]], fill: int) -> dict[str, Tensor]:
    """Rows filled up on their left, with what a library's own pass wants beside them."""
    longest = max(len(row) for row in rows)
    ids = torch.tensor([[fill] * (longest - len(row)) + row for row in rows])
    lengths = torch.tensor([[len(row)] for row in rows])
    places = torch.arange(longest)[None] - (longest - lengths)
    mask = (places >= 0).long()
    # A position under the filling is 1, as the library's own `generate` has it.
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": torch.where(mask == 0, 1, places),
    }


def cut(written: Tensor, asked: Asked) -> list[list[int]]:
    """Tokens of each text up to the one that ends it, which is left out."""
    found = []
    for row in written.tolist():
        over = next((i for i, token in enumerate(row) if token in asked.ends), len(row))
        found.append(row[:over])
    return found


def greedy(asked: Asked, fill: int) -> dict[str, Any]:
    """Settings of the library's `generate` that take the likeliest token at every step."""
    return {
        "do_sample": False,
        "max_new_tokens": asked.new_tokens,
        "eos_token_id": asked.ends,
        "pad_token_id": fill,
    }
