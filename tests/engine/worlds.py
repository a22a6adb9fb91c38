"""Sweeps made by hand, whose effects are known."""

import numpy as np
import pandas as pd

from engine.records.columns import names
from engine.records.records import EVALUATION_COLUMNS

SCALES = (-10.0, -5.0, 5.0, 10.0)
ORDERS = ("given", "swapped")


class World:
    """A sweep made by hand: content and letter bias per question, then effects per cell."""

    def __init__(self, questions=30, seed=0, orders=ORDERS):
        self.rng = np.random.default_rng(seed)
        self.content = self.rng.normal(-1.0, 3.0, questions)
        self.behaviour_at_a = np.arange(questions) % 2 == 0
        self.orders = orders
        self.frames = []
        self.cell("baseline", -1, 0.0)

    def cell(self, vector_set, vector, scale, content=0.0, letter=0.0, method=None):
        """Add one cell; `content` moves the behaviour, `letter` moves logit A."""
        for order in self.orders:
            at_a = self.behaviour_at_a if order == "given" else ~self.behaviour_at_a
            sign = np.where(at_a, 1.0, -1.0)
            lean = sign * (self.content + content) + 0.7 + letter
            columns = {
                "vector_set": vector_set,
                "vector": vector,
                "method": method or vector_set,
                "scale": scale,
                "relative": abs(scale) / 10,
                "question": [f"q{i:03d}" for i in range(len(sign))],
                "order": order,
                "logit_a": 20.0 + lean,
                "logit_b": 20.0,
                "answer_mass": 0.9,
                "behaviour_letter": np.where(at_a, "A", "B"),
                "difference": sign * lean,
            }
            self.frames.append(
                {name: np.broadcast_to(columns[name], len(sign)) for name in columns}
            )
        return self

    def vector(self, vector, per_scale, vector_set="abc", method="melbo", noise=0.0):
        """Add a vector whose content effect is proportional to the scale."""
        for scale in SCALES:
            jitter = self.rng.normal(0.0, noise, len(self.content)) if noise else 0.0
            self.cell(vector_set, vector, scale, per_scale * scale + jitter, method=method)
        return self

    def controls(self, count, spread=0.01):
        """Add random vectors with a small effect each."""
        for index, size in enumerate(self.rng.normal(0.0, spread, count)):
            self.vector(index, float(size), "control", "control")
        return self

    @property
    def frame(self):
        """All rows, in a scrambled order."""
        # One frame at the end: a frame a cell would take most of a test's time.
        rows = pd.DataFrame(
            {
                name: np.concatenate([f[name] for f in self.frames])
                for name in names(EVALUATION_COLUMNS)
            }
        )
        return rows.sample(frac=1.0, random_state=1).reset_index(drop=True)


def row_of(table, **wanted):
    """The only row with these values."""
    mask = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    assert mask.sum() == 1
    return table[mask].iloc[0]
