"""Fine-tune-difference vectors: what an adapter changes on the same tokens, at every block.

One set of weights: each batch of tokens runs with the adapter on and again with it off.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.pairs import IN_ANSWER, FinetuneDiffConfig
from engine.errors import ConfigError
from engine.finders.contrastive import Units, reading_notes, template_tokens
from engine.finders.extraction import (
    States,
    Sums,
    chosen_blocks,
    halves,
    spearman_brown,
)
from engine.finders.found import Found
from engine.finders.texts import Reader, check_answers, difference_texts
from engine.model.forward import Forward
from engine.progress import Progress
from engine.questions.pairs import load_pairs

SPECTRUM_UNITS = 256
"""Rows whose differences are kept for the spectrum; all rows enter every other figure."""
SHARES = 5


def find(door: Forward, config: FinetuneDiffConfig, progress: Progress) -> Found:
    """Find one vector per block, or per block and template token.

    Scores: `norm`; `explained` share of the mean square difference that the mean difference
    makes up (1 is a pure shift); `reliability` (split-half, Spearman-Brown). History: `spectrum`,
    the shares of the first principal directions, not centred.

    Raises:
        ConfigError: If the model has no adapter, or a layer or position does not exist.
        DataError: If the file cannot be read or lacks what the position needs.
    """
    if not door.loaded.has_adapter:
        raise ConfigError(
            f"{door.loaded.config.short_name} has no adapter loaded, so there is no fine-tuned "
            "model to compare with: name a LoRA with --adapter."
        )
    blocks = chosen_blocks(door, config.layers)
    rows = load_pairs(
        config.prompts, config.negative, config.behaviour, config.max_rows, config.seed
    )
    needs = config.position in IN_ANSWER and config.variant != "study"
    check_answers(config, rows, needs)
    reader = Reader(door.loaded.prompter, config)
    units = [difference_texts(reader, config, pair) for pair in rows.pairs]
    texts = [text for unit in units for text in unit]
    sides = [States(door, blocks, adapter, texts) for adapter in (True, False)]
    sums = _read(sides, units, config.seed, progress)
    whole = sums[0].plus(sums[1])
    shares = _spectrum(torch.cat(whole.kept))
    norms = sides[1].residual_norms()
    places = sides[0].places
    return Found(
        vectors=whole.mean.float(),
        sites=tuple(Site(block=block) for block in blocks for _ in range(places)),
        scores={
            "norm": whole.mean.norm(dim=-1).tolist(),
            "explained": whole.explained().tolist(),
            "reliability": spearman_brown(sums[0].mean, sums[1].mean).tolist(),
            **template_tokens(places, len(whole.mean)),
        },
        history={"spectrum": shares.tolist()},
        residual_norms={
            Site(block=block).words: norm for block, norm in zip(blocks, norms, strict=True)
        },
        notes=(
            *reading_notes(rows, len(units)),
            *_notes(config, whole),
            *dict.fromkeys(note for side in sides for note in side.notes),
        ),
    )


def _read(sides: list[States], units: Units, seed: int, progress: Progress) -> list[Sums]:
    """Running figures of both halves; a unit's difference is the mean over its texts."""
    first, second = halves(units, seed)
    order, size = [*first, *second], sides[0].units
    sums: list[Sums] = []
    for begin in range(0, len(order), size):
        part = order[begin : begin + size]
        on, off = (side.read([text for i in part for text in units[i]]) for side in sides)
        per_unit = (on - off).unflatten(0, (len(part), len(units[part[0]]))).mean(1)
        if not sums:
            _, sites, hidden = per_unit.shape
            sums = [Sums(sites, hidden, SPECTRUM_UNITS // 2) for _ in range(2)]
        # One batch may hold the end of the first half and the beginning of the second.
        inside = min(max(len(first) - begin, 0), len(part))
        for figures, some in zip(sums, (per_unit[:inside], per_unit[inside:]), strict=True):
            if len(some):
                figures.add(some)
        done = begin + len(part)
        progress(done, len(units), f"read {done} of {len(units)} rows, adapter on and off")
    return sums


def _spectrum(
    differences: Float[Tensor, "units sites hidden"],
) -> Float[Tensor, "shares sites"]:
    """Shares of the squared differences along their first principal directions, not centred."""
    shares = torch.zeros(SHARES, differences.shape[1], dtype=torch.float64)
    for site in range(differences.shape[1]):
        rows = differences[:, site].double()
        gram = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
        values = torch.linalg.eigvalsh(gram).flip(0).clamp_min(0)
        count = min(SHARES, len(values))
        shares[:count, site] = values[:count] / values.sum().clamp_min(1e-30)
    return shares


def _notes(config: FinetuneDiffConfig, whole: Sums) -> tuple[str, ...]:
    notes = []
    if float(whole.squares.max()) == 0:
        notes.append("The adapter changes nothing at these tokens: every vector is zero.")
    if config.variant == "study":
        notes.append(
            "The deception study's way: the prompt alone, in a template that differs by a line "
            "break, padded on the right; the last position may be padding."
        )
    return tuple(notes)
