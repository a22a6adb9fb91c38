"""What `nnsight` is asked: states saved in a trace, and one vector a row added in a trace.

Its interventions are written by its user, so each row of a batch may get a vector of its own.
Knows nothing of the engine and of other peers.
"""

from typing import Any

import numpy as np
import torch
from asked import Asked, cut, greedy, padded
from nnsight import LanguageModel

PACKAGE = "nnsight"
JOBS = {
    "extraction": "block outputs saved in a trace, mean difference at the last token",
    "grid": "one vector a row added in one generate of all configurations of a prompt",
    "sweep": "one vector a row added in a trace, many cells and questions together",
}


class Peer:
    """One loaded model."""

    def __init__(self, model: Any, tokenizer: Any, asked: Asked) -> None:
        """Wrap the library's own model."""
        self._model = LanguageModel(model, tokenizer=tokenizer)
        self._tokenizer, self._asked = tokenizer, asked
        self._fill = tokenizer.pad_token_id

    def extraction(self, batch: int, count: int) -> np.ndarray:
        """Vectors [blocks, hidden] of the first pairs."""
        tokens = [row for pair in self._asked.pair_tokens[:count] for row in pair]
        read = []
        for first in range(0, len(tokens), batch):
            rows = padded(tokens[first : first + batch], self._fill)
            states = []
            with self._model.trace(**rows, logits_to_keep=1):
                for layer in self._model.model.layers:
                    states.append(_states(layer.output)[:, -1].save())
            read.append(torch.stack([state.detach() for state in states], 1))
        both = torch.cat(read).double()
        return (both[0::2] - both[1::2]).mean(0).float().numpy()

    def grid(self, prompts: int, count: int) -> list[list[list[int]]]:
        """Tokens of the texts, by configuration and prompt."""
        by_prompt = [self._written(prompt, count) for prompt in self._asked.prompts[:prompts]]
        return [list(texts) for texts in zip(*by_prompt, strict=True)]

    def _written(self, prompt: list[int], count: int) -> list[list[int]]:
        """One text of each configuration, in one batch.

        Prompts of several lengths cannot share one: with the library's version 4, texts of a batch
        that is filled up are not those of the library's own `generate`, even without an edit.
        """
        asked, deltas = self._asked, self._asked.grid_deltas[:count, None]
        rows = padded([prompt] * count, self._fill)
        del rows["position_ids"]
        layer = self._model.model.layers[asked.block]
        with self._model.generate(**greedy(asked, self._fill)) as tracer:
            # Each is a tracer's own body: in one line the second finds no invocation to be in.
            with tracer.invoke(**rows):  # noqa: SIM117
                with tracer.all():
                    _states(layer.output)[:] += deltas
            # What follows `all` in the same invocation is never reached.
            with tracer.invoke():
                out = tracer.result.save()
        return cut(out[:, len(prompt) :], asked)

    def sweep(self, batch: int, count: int) -> np.ndarray:
        """Logit of A less that of B, by cell and question."""
        asked = self._asked
        pairs = [(c, q) for q in range(len(asked.questions)) for c in range(count)]
        layer, found = self._model.model.layers[asked.block], []
        for first in range(0, len(pairs), batch):
            part = pairs[first : first + batch]
            rows = padded([asked.questions[question] for _, question in part], self._fill)
            deltas = asked.sweep_deltas[[cell for cell, _ in part]][:, None]
            with self._model.trace(**rows, logits_to_keep=1):
                _states(layer.output)[:] += deltas
                logits = self._model.output.logits[:, -1].save()
            found.append(logits[:, list(asked.letters)])
        table = torch.cat(found).diff(dim=-1)[..., 0].neg()
        return table.reshape(len(asked.questions), count).T.contiguous().numpy()


def _states(output: Any) -> Any:
    """A block's own output, which some versions of the library give in a tuple."""
    return output[0] if isinstance(output, tuple) else output
