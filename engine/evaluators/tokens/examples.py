"""Projections of a corpus's texts on vectors and on random directions of the same blocks.

Of each text: its largest, smallest and mean token, in standard deviations of neutral text. The
first token of what the model is given is left out, whose state is an outlier in most models. Knows
nothing of how texts are ranked and of records.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site, VectorRef
from engine.configs.reads.examples import LEAST_TEXTS, ExamplesConfig
from engine.errors import ConfigError, DataError
from engine.evaluators.steering.directions import stored_vector
from engine.evaluators.sweeps import Units
from engine.evaluators.tokens import axes as axes_of
from engine.evaluators.tokens.axes import Axis
from engine.evaluators.tokens.pieces import pieces
from engine.evaluators.tokens.spans import Span, corpus_span
from engine.evaluators.tokens.yardsticks import yardstick
from engine.model.forward import Forward
from engine.progress import Progress
from engine.questions.corpora import Corpus, CorpusText
from engine.records.records import VectorSet
from engine.statistics.reads.examples import MOST_BYTES, TOKEN_BYTES

UNIT = 256
"""Texts whose figures are kept together."""
Figures = Float[np.ndarray, "texts three directions"]
"""Largest, smallest and mean token."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """One vector's figures."""

    vector_set: str
    vector: int
    name: str
    block: int
    mean: float
    """Of neutral text, of the projection on the unit vector."""
    sd: float
    figures: Float[np.ndarray, "texts three"]
    random: Figures
    """Of the random directions at its block."""
    tokens: list[Float[np.ndarray, " _"]]
    """Of each text, its own tokens."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """What was read."""

    texts: list[CorpusText]
    """Those with at least one token."""
    spans: list[Span]
    """Their tokens; the first of all and those past the longest text are left out."""
    vectors: list[Placed]
    notes: tuple[str, ...]


def run(
    door: Forward,
    config: ExamplesConfig,
    sets: Sequence[VectorSet],
    corpus: Corpus,
    progress: Progress,
    units: Units,
) -> Read:
    """Read every text once.

    Args:
        door: The model, with its adapter on where it has one.
        config: What is read.
        sets: The stored sets, one per `config.vectors`.
        corpus: Its texts.
        progress: May raise to stop.
        units: Keeps what is finished.

    Raises:
        ConfigError: If a vector is not there, or does not fit the model.
        DataError: If too few texts can be read.
    """
    chosen = chosen_vectors(door, config.vectors, sets)
    progress(0, len(corpus.texts), "reading neutral prompts")
    blocks = list(dict.fromkeys(block for _, _, block in chosen))
    known = yardstick(door, True, [Site(block=block) for block in blocks])
    by_block = {b: [one for one in chosen if one[2] == b] for b in blocks}
    axes = [
        axes_of.axis(
            known,
            block,
            [stored_vector(found, index) for found, index, _ in by_block[block]],
            config.random,
            config.seed,
        )
        for block in blocks
    ]
    texts, spans, notes = _spans(door, config, corpus)
    _refuse_too_much(len(chosen), spans)
    reader = _Reader(door, axes, spans, units, notes)
    figures, tokens = reader.all(progress)
    vectors = [
        _placed(axes[place], by_block[block], turn, figures[place], tokens[place])
        for place, block in enumerate(blocks)
        for turn in range(len(by_block[block]))
    ]
    order = {(found.digest, index): turn for turn, (found, index, _) in enumerate(chosen)}
    vectors.sort(key=lambda one: order[one.vector_set, one.vector])
    return Read(texts=texts, spans=spans, vectors=vectors, notes=tuple(dict.fromkeys(notes)))


Chosen = tuple[VectorSet, int, int]
"""A set, the place of a vector in it, and the block at which it is read."""


def chosen_vectors(
    door: Forward, named: Sequence[VectorRef], sets: Sequence[VectorSet]
) -> list[Chosen]:
    """The vectors that are named, each once.

    Raises:
        ConfigError: If one is not there, does not fit the model, or there are too many.
    """
    chosen: dict[tuple[str, int], Chosen] = {}
    for ref, found in zip(named, sets, strict=True):
        if found.vectors.shape[1] != door.hidden:
            raise ConfigError(
                f"{found.digest} has vectors of width {found.vectors.shape[1]}, but the model has "
                f"hidden size {door.hidden}: use vectors found on this model."
            )
        for index in ref.indices if ref.indices is not None else range(len(found.vectors)):
            if index >= len(found.vectors):
                raise ConfigError(
                    f"Vector {index} of {found.digest} was named, which has vectors 0 to "
                    f"{len(found.vectors) - 1}: choose one of them."
                )
            block = axes_of.read_block(found.sites[index], found.names[index])
            door.check_layer(block, f"block of {found.names[index]}")
            chosen[found.digest, index] = (found, index, block)
    return list(chosen.values())


def _refuse_too_much(vectors: int, spans: Sequence[Span]) -> None:
    """Refuse vectors whose two furthest texts alone may be more than a record holds."""
    longest = max(one.end - one.begin for one in spans)
    most = MOST_BYTES // (2 * TOKEN_BYTES * longest)
    if vectors > most:
        raise ConfigError(
            f"{vectors} vectors were named, but a record holds at most {most} with texts of "
            f"{longest} tokens: name fewer as DIGEST:INDEX, or use --max-tokens."
        )


def _spans(
    door: Forward, config: ExamplesConfig, corpus: Corpus
) -> tuple[list[CorpusText], list[Span], list[str]]:
    """The texts with tokens of their own, cut to the longest, and what was left out."""
    prompter, most = door.loaded.prompter, config.max_tokens
    texts, spans, cut, empty, beyond = [], [], 0, 0, 0
    for one in corpus.texts:
        span = corpus_span(prompter, one, config.form, config.system)
        begin = max(span.begin, 1)
        end = min(span.end, begin + most)
        if end <= begin:
            empty += 1
        elif not prompter.positions.fits(end):
            beyond += 1
        else:
            cut += end < span.end
            prompter.positions.take(end)
            texts.append(one)
            spans.append(Span(span.tokens[:end], begin, end, begin - span.begin))
    if len(texts) < LEAST_TEXTS:
        raise DataError(
            f"{corpus.name} has {len(texts)} texts that can be read: give at least {LEAST_TEXTS}."
        )
    notes = [*corpus.notes, "The first token of what the model is given is left out."]
    if cut:
        notes.append(f"{cut:,} texts are longer than {most} tokens: only their first were read.")
    if empty:
        notes.append(f"{empty:,} texts have no token but the first and were left out.")
    if beyond:
        notes.append(f"{beyond:,} texts are too long for this model and were left out.")
    return texts, spans, notes


def _placed(
    axis: Axis,
    own: Sequence[Chosen],
    turn: int,
    figures: Figures,
    tokens: list[Float[np.ndarray, "_ vectors"]],
) -> Placed:
    found, index, block = own[turn]
    return Placed(
        vector_set=found.digest,
        vector=index,
        name=found.names[index],
        block=block,
        mean=float(axis.means[turn]),
        sd=float(axis.sds[turn]),
        figures=figures[:, :, turn],
        random=figures[:, :, axis.vectors :],
        tokens=[one[:, turn] for one in tokens],
    )


class _Reader:
    """Reads texts unit by unit; what an earlier try finished is taken from there."""

    def __init__(
        self,
        door: Forward,
        axes: Sequence[Axis],
        spans: Sequence[Span],
        units: Units,
        notes: list[str],
    ) -> None:
        self._door, self._axes, self._spans = door, axes, spans
        self._units, self._notes = units, notes

    def all(
        self, progress: Progress
    ) -> tuple[list[Figures], list[list[Float[np.ndarray, "_ vectors"]]]]:
        """By axis: figures of all texts, and every text's own tokens on the vectors."""
        count = len(self._spans)
        parts = []
        for first in range(0, count, UNIT):
            progress(first, count, "reading texts")
            parts.append(self._unit(range(first, min(first + UNIT, count))))
        progress(count, count, "reading texts")
        figures = [np.concatenate([part[f"figures-{a}"] for part in parts]) for a in self._places]
        edges = np.cumsum([one.end - one.begin for one in self._spans])[:-1]
        tokens = [np.concatenate([part[f"tokens-{a}"] for part in parts]) for a in self._places]
        return figures, [np.split(one, edges) for one in tokens]

    @property
    def _places(self) -> range:
        return range(len(self._axes))

    def _unit(self, part: range) -> dict[str, np.ndarray]:
        name = f"texts-{part.start}-{part.stop}"
        known = self._units.load_arrays(name)
        if known is not None:
            return known
        spans = [self._spans[place] for place in part]
        figures = [np.zeros((len(spans), 3, len(one.units)), np.float32) for one in self._axes]
        tokens: list[list[np.ndarray]] = [[np.zeros(0)] * len(spans) for _ in self._axes]

        def take(text: int, place: int, values: Float[Tensor, "tokens directions"]) -> None:
            ends = (values.amax(0), values.amin(0), values.double().mean(0).float())
            figures[place][text] = torch.stack(ends).numpy()
            tokens[place][text] = values[:, : self._axes[place].vectors].numpy().copy()

        axes_of.project(self._door, spans, self._axes, take, True, self._notes.append)
        arrays = {f"figures-{place}": figures[place] for place in self._places}
        arrays |= {f"tokens-{place}": np.concatenate(tokens[place]) for place in self._places}
        self._units.save_arrays(name, arrays)
        return arrays


def written(door: Forward, span: Span) -> tuple[str, list[str]]:
    """What is left out at a text's beginning, and what each token that is read writes."""
    found = pieces(door.loaded.tokenizer, span.tokens[span.begin - span.lead : span.end])
    return "".join(found[: span.lead]), found[span.lead :]
