"""What `steering-vectors` is asked: its own training, and its vector applied around each pass.

Knows nothing of the engine and of other peers.
"""

from typing import Any

import numpy as np
import torch
from asked import Asked, cut, greedy, padded
from steering_vectors import SteeringVector, train_steering_vector

PACKAGE = "steering-vectors"
JOBS = {
    "extraction": "train_steering_vector, mean difference at the last token",
    "grid": "SteeringVector.apply around generate, all prompts of one configuration together",
    "sweep": "SteeringVector.apply around the model's pass, questions of one cell together",
}


class Peer:
    """One loaded model."""

    def __init__(self, model: Any, tokenizer: Any, asked: Asked) -> None:
        """Take the library's own model."""
        self._model, self._tokenizer, self._asked = model, tokenizer, asked
        self._fill = tokenizer.pad_token_id

    def extraction(self, batch: int, count: int) -> np.ndarray:
        """Vectors [blocks, hidden] of the first pairs."""
        found = train_steering_vector(
            self._model, self._tokenizer, self._asked.pairs[:count], batch_size=batch
        )
        return torch.stack([v for _, v in sorted(found.layer_activations.items())]).numpy()

    def grid(self, prompts: int, count: int) -> list[list[list[int]]]:
        """Tokens of the texts, by configuration and prompt."""
        rows = padded(self._asked.prompts[:prompts], self._fill)
        del rows["position_ids"]
        texts = []
        for delta in self._asked.grid_deltas[:count]:
            with self._steered(delta):
                out = self._model.generate(**rows, **greedy(self._asked, self._fill))
            texts.append(cut(out[:, rows["input_ids"].shape[1] :], self._asked))
        return texts

    def sweep(self, batch: int, count: int) -> np.ndarray:
        """Logit of A less that of B, by cell and question."""
        asked, found = self._asked, []
        parts = [asked.questions[i : i + batch] for i in range(0, len(asked.questions), batch)]
        for delta in asked.sweep_deltas[:count]:
            with self._steered(delta):
                logits = [
                    self._model(**padded(part, self._fill), logits_to_keep=1).logits[:, -1]
                    for part in parts
                ]
            found.append(torch.cat(logits)[:, list(asked.letters)])
        return torch.stack(found).diff(dim=-1)[..., 0].neg().numpy()

    def _steered(self, delta: torch.Tensor) -> Any:
        return SteeringVector({self._asked.block: delta}).apply(self._model)
