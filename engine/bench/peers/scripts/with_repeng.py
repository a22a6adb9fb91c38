"""What `repeng` is asked: its own training, and its control set before each pass.

Knows nothing of the engine and of other peers.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import torch
from asked import Asked, cut, greedy, padded
from repeng import ControlModel, ControlVector, DatasetEntry

PACKAGE = "repeng"
JOBS = {
    "extraction": "ControlVector.train, pca_diff at the last token",
    "grid": "set_raw_control before generate, with one vector a row",
    "sweep": "set_raw_control before the model's pass, with one vector a row",
}


class Peer:
    """One loaded model, wrapped once at the steered block."""

    def __init__(self, model: Any, tokenizer: Any, asked: Asked) -> None:
        """Take the library's own model."""
        self._tokenizer, self._asked = tokenizer, asked
        self._fill = tokenizer.pad_token_id
        self._model = ControlModel(model, [asked.block])

    def extraction(self, batch: int, count: int) -> np.ndarray:
        """Unit directions [blocks, hidden] of the first pairs; block 0, which it skips, is NaN."""
        self._model.reset()
        pairs = [DatasetEntry(positive=a, negative=b) for a, b in self._asked.pairs[:count]]
        found = ControlVector.train(self._model, self._tokenizer, pairs, batch_size=batch)
        missing = np.full_like(next(iter(found.directions.values())), np.nan)
        blocks = range(self._model.config.num_hidden_layers)
        return np.stack([found.directions.get(block, missing) for block in blocks])

    def grid(self, prompts: int, count: int, together: bool) -> list[list[list[int]]]:
        """Tokens of the texts, by configuration and prompt; all in one batch, or each by itself."""
        chosen, texts = self._asked.prompts[:prompts], []
        deltas = self._asked.grid_deltas[:count]
        for part in deltas[None] if together else deltas[:, None]:
            rows = padded(chosen * len(part), self._fill)
            del rows["position_ids"]
            self._steer(part.repeat_interleave(prompts, 0))
            out = self._model.generate(**rows, **greedy(self._asked, self._fill))
            texts += cut(out[:, rows["input_ids"].shape[1] :], self._asked)
        return [texts[i : i + prompts] for i in range(0, len(texts), prompts)]

    def sweep(self, batch: int, count: int, together: bool) -> np.ndarray:
        """Logit of A less that of B, by cell and question; a batch of one cell or of several."""
        asked = self._asked
        cells, places = list(range(count)), list(range(len(asked.questions)))
        by_cell = [(c, q) for c in cells for q in places]
        pairs = [(c, q) for q in places for c in cells] if together else by_cell
        found = torch.empty(count, len(places))
        for part in _parts(pairs, batch, together):
            self._steer(asked.sweep_deltas[[cell for cell, _ in part]])
            rows = padded([asked.questions[question] for _, question in part], self._fill)
            logits = self._model(**rows, logits_to_keep=1).logits[:, -1]
            a, b = logits[:, list(asked.letters)].unbind(-1)
            found[tuple(torch.tensor(part).T)] = a - b
        return found.numpy()

    def _steer(self, deltas: torch.Tensor) -> None:
        """One vector for each row of the next batch."""
        self._model.set_raw_control({self._asked.block: deltas[:, None]})


def _parts(
    pairs: list[tuple[int, int]], batch: int, together: bool
) -> Iterator[list[tuple[int, int]]]:
    """Pairs of cell and question that go through together."""
    groups = [pairs] if together else [list(g) for _, g in groupby(pairs, lambda pair: pair[0])]
    for group in groups:
        yield from (group[i : i + batch] for i in range(0, len(group), batch))
