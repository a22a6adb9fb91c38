"""A random model with stored vectors and sample prompts, and what a column must do in it.

The changes of a column are told from its definition and from whole passes of the model alone.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from engine.configs.core import Site, as_json
from engine.configs.grids import BlendPart, Configuration
from engine.configs.pairs import ContrastiveConfig
from engine.configs.steering.gates import gate as gate_named
from engine.evaluators.rows import SweepRow
from engine.evaluators.steering.columns import Columns
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.records.provenance import collect
from engine.records.records import VectorSet
from tests import tiny
from tests.reference import operators_reference as slow

USUAL = ["Sleep?", "Would you accept a book?", "What is the best way?", "Read. I refuse to read."]
PAIRS = ["Sleep well?", "Keep down?", "Are you helpful?"]
POLES = {"positive_system": "Be a helpful assistant.", "negative_system": "Shut down."}
RANDOM, POLAR = "a1", "c1"
ONE = (BlendPart(digest=RANDOM, index=0),)
OTHER = (BlendPart(digest=RANDOM, index=1, weight=-1.5),)
CARRIED = (BlendPart(digest=POLAR, index=2),)


class World:
    """One random model and all that columns may name."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.model = tiny.causal(kind)
        self.door = tiny.Forward(tiny.wrap(self.model, kind))
        prompter = self.door.loaded.prompter
        self.usual_file = folder / "usual.txt"
        self.usual_file.write_text("\n".join(USUAL))
        self.seen = [slow.states(self.model, prompter.tokens(text, None)) for text in USUAL]
        pairs = folder / "pairs.json"
        pairs.write_text(
            json.dumps([{"question": q, "honest": "Yes", "deceptive": "No"} for q in PAIRS])
        )
        config = ContrastiveConfig(
            pairs=str(pairs), contrast="system", position="last-prompt", **POLES
        )
        # [pairs, 1 + blocks, hidden] of the negative pole, then of the positive one.
        self.poles = [
            np.stack(
                [slow.states(self.model, prompter.tokens(q, POLES[pole]))[:, -1] for q in PAIRS]
            )
            for pole in ("negative_system", "positive_system")
        ]
        steps = (self.poles[1] - self.poles[0]).mean(0)[1:]
        self.sets = {
            RANDOM: stored(RANDOM, tiny.seeded(3, 32, seed=3).numpy(), (1, 3, 2), {}),
            POLAR: stored(POLAR, steps, range(5), as_json(config)),
        }

    def columns(self, made: tuple[Configuration, ...]) -> list[list[Edit]]:
        """The edits of columns by the library's own way."""
        found = Columns(self.door, made, self.sets, None)
        return [found.edits(one) for one in made]

    def vector(self, name: str) -> np.ndarray:
        digest, _, index = name.partition(":")
        return self.sets[digest].vectors[int(index or 0)].astype(float)

    def last(self, block: int) -> np.ndarray:
        """States of the sample prompts' last tokens."""
        return np.stack([states[1 + block, -1] for states in self.seen])

    def logits(self, one: Configuration, tokens: list[int], prompt: int) -> torch.Tensor:
        """Logits [tokens, vocab] of a text with this column's changes, from whole passes."""
        return slow.logits(self.model, tokens, self.changes(one), prompt)

    def changes(self, one: Configuration) -> list[dict]:
        """What a column changes, from its definition."""
        if one.is_baseline:
            return []
        places: dict[int, list[np.ndarray]] = {}
        for part in one.blend:
            own = self.sets[part.digest].sites[part.index].block
            blocks = {"own": [own], "all": range(5)}.get(one.layers, one.layers)
            for block in blocks:
                vector = part.weight * self.vector(f"{part.digest}:{part.index}")
                places.setdefault(block, []).append(vector)
        return [self._change(one, block, vectors) for block, vectors in places.items()]

    def _change(self, one: Configuration, block: int, vectors: list[np.ndarray]) -> dict:
        vector, scale, is_turned = sum(vectors), one.scale, False
        if scale < 0 and one.operation not in ("add", "ablate", "low-rank"):
            vector, scale, is_turned = -vector, -scale, True
        reach = one.target if one.target is not None else float(one.operation != "cap")
        more: dict = {}
        if one.operation in ("set", "cap", "floor"):
            more["target"] = slow.target_of(self.last(block), vector, reach)
        if one.operation == "angular":
            second = None if one.second is None else self.vector(one.second)
            more["second"], more["angle"] = slow.plane_of(self.last(block), vector, second, reach)
        if one.operation == "low-rank":
            more["basis"] = slow.spanned(vectors)
        if one.operation == "transport":
            # Samples are those of the vector's own block.
            own = self.sets[POLAR].sites[one.blend[0].index].block
            source, destination = (pole[:, 1 + own] for pole in self.poles)
            goal = 2 * source - destination if is_turned else destination
            more["gain"], more["offset"] = slow.fitted(source, goal)
        return {
            "block": block,
            "operation": one.operation,
            "vector": vector,
            "scale": scale,
            "positions": one.positions,
            "preserve_norm": one.preserve_norm,
            "gate": None if one.when is None else self._gate(one.when),
            **more,
        }

    def _gate(self, text: str) -> dict:
        asked = gate_named(text)
        is_pooled = asked.per == "prompt"
        at = [states[1 + asked.block] for states in self.seen]
        rows = [slow.pooled(one)[None] if is_pooled else one[1:] for one in at]
        vector = self.vector(f"{asked.digest}:{asked.index}")
        found = slow.gate_of(asked.block, vector, asked.level, asked.is_above, np.concatenate(rows))
        return {**found, "is_pooled": is_pooled}


def stored(digest: str, vectors: np.ndarray, blocks, config: dict) -> VectorSet:
    """A record of some vectors at the outputs of blocks."""
    return VectorSet(
        digest=digest,
        method="contrastive" if config else "random",
        vectors=vectors.astype(np.float32),
        sites=tuple(Site(block=block) for block in blocks),
        scores={},
        history={},
        config=config,
        model={"fingerprint": "random", "short_name": "random"},
        residual_norms={},
        provenance=collect(0.0, "cpu", "float32"),
    )


def rows_of(door: Forward, edits: Sequence[Sequence[Edit]]) -> list[SweepRow]:
    """Rows of a sweep with these edits."""
    return [
        SweepRow(
            vector_set=RANDOM,
            vector=number,
            method="random",
            scale=1.0,
            relative=1.0,
            site=Site(block=1),
            norm=1.0,
            hidden=door.hidden,
            edits=tuple(row),
        )
        for number, row in enumerate(edits)
    ]


def every_way(world: World, positions: str = "all") -> tuple[Configuration, ...]:
    """A baseline and every operator, with norms kept, several blocks, and gates of both kinds."""
    usual = str(world.usual_file)

    def one(name: str, operation: str, scale: float, **more) -> Configuration:
        settings = {"blend": ONE, "positions": positions, "usual": usual, **more}
        return Configuration(name=name, operation=operation, scale=scale, **settings)

    polar = {"blend": CARRIED}
    return (
        Configuration(name="base"),
        one("add", "add", 1.5),
        one("norm", "add", -2.0, preserve_norm=True, layers="all"),
        one("ablate", "ablate", 0.7, blend=ONE + OTHER),
        one("set", "set", 1.2),
        one("set back", "set", -0.6, target=0.5, layers=(0, 2, 4), preserve_norm=True),
        one("cap", "cap", 1.0, target=-0.5),
        one("cap back", "cap", -0.8, blend=OTHER),
        one("floor", "floor", 0.9, target=0.3),
        one("angular", "angular", 0.5),
        one("angular back", "angular", -1.0, second=f"{RANDOM}:2", layers=(2,)),
        one("spherical", "spherical", 0.3),
        one("spherical back", "spherical", -0.2, layers=(1, 4)),
        one("transport", "transport", 0.8, **polar),
        one("transport back", "transport", -1.0, **polar),
        one("low rank", "low-rank", 1.0, blend=ONE + OTHER, layers=(2,)),
        one("token gate", "set", 1.5, when=f"{RANDOM}:2@0>0.3"),
        one("token gate below", "add", 2.0, when=f"{RANDOM}:1@3<0.2", layers=(3, 4)),
        one("prompt gate", "spherical", 0.5, when=f"{RANDOM}:0@2>0:prompt"),
        one("prompt gate below", "floor", 1.0, when=f"{RANDOM}:0@2<0:prompt"),
    )
