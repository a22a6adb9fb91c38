"""Visible self-tests of a loaded model, each with its figure and its reason.

Knows nothing of screens. A few short passes; run at load and by `python -m engine check`.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, Site
from engine.errors import DataError
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward


@dataclass(frozen=True, kw_only=True)
class Check:
    """One self-test."""

    name: str
    passed: bool
    figure: str
    reason: str
    """What it shows when it passes, or what a failure means."""


TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.25, torch.float16: 0.05}
"""Largest logit difference that rounding explains in each precision."""


def run_checks(door: Forward) -> list[Check]:
    """All self-tests; gives up the fast way through the blocks where its own test fails."""
    tokens = door.loaded.prompter.tokens(STUDY_PROMPT, STUDY_SYSTEM)
    first = _same_as_library(door, tokens)
    if not first.passed and door.is_segmented:
        door.use_hooks()
        first = _same_as_library(door, tokens)
    checks = [
        first,
        _scale_zero(door, tokens),
        _batch_equals_single(door, tokens),
        _every_decode_step(door, tokens),
    ]
    if door.loaded.has_adapter:
        checks.append(_adapter_off(door, tokens))
    return [*checks, _template(door), _answers(door)]


def _vector(door: Forward, seed: int = 0) -> Float[Tensor, " hidden"]:
    generator = torch.Generator().manual_seed(seed)
    vector = torch.randn(door.hidden, generator=generator)
    return vector / vector.norm()


def _middle(door: Forward) -> Site:
    return Site(block=door.blocks // 2)


def _library_logits(
    door: Forward, tokens: list[int], adapter: bool = True
) -> Float[Tensor, " vocab"]:
    ids = torch.tensor([tokens], device=door.loaded.device)
    found = door.loaded.adapter(adapter)
    model = door.loaded.causal if found is None else found.peft
    with door.loaded.using(adapter), torch.no_grad():
        return model(ids, use_cache=False).logits[0, -1].float().cpu()


def _same_as_library(door: Forward, tokens: list[int]) -> Check:
    own = door.next_logits(tokens, EditBatch.none(1))[0]
    difference = float((own - _library_logits(door, tokens)).abs().max())
    way = "blocks run by hand" if door.is_segmented else "hooks on the library's own pass"
    return Check(
        name="forward equals the library's",
        passed=difference <= TOLERANCE[door.loaded.dtype],
        figure=f"largest logit difference {difference:.1e}",
        reason=f"This model goes through {way}.",
    )


def _scale_zero(door: Forward, tokens: list[int]) -> Check:
    edit = Edit(site=_middle(door), vector=_vector(door), scale=0.0)
    steered = door.next_logits(tokens, EditBatch.stack([[edit], [edit]]))
    same = torch.equal(steered, door.next_logits(tokens, EditBatch.none(2)))
    return Check(
        name="scale 0 is the baseline",
        passed=same,
        figure="bit-identical" if same else "differs",
        reason="Nothing is left on the model between calls.",
    )


def _batch_equals_single(door: Forward, tokens: list[int]) -> Check:
    rows = [
        [Edit(site=_middle(door), vector=_vector(door, seed), scale=1.0 + seed)]
        for seed in range(3)
    ]
    together = door.next_logits(tokens, EditBatch.stack(rows))
    alone = torch.cat([door.next_logits(tokens, EditBatch.stack([row])) for row in rows])
    difference = float((together - alone).abs().max())
    return Check(
        name="a row in a batch equals the row alone",
        passed=difference <= TOLERANCE[door.loaded.dtype],
        figure=f"largest logit difference {difference:.1e}",
        reason="Rows of one batch do not touch each other.",
    )


def _every_decode_step(door: Forward, tokens: list[int]) -> Check:
    """Decode three steered tokens and compare each with one pass over the whole text."""
    site = _middle(door)
    scale = 0.1 * float(door.capture(tokens, [site])[site].norm(dim=-1).median())
    edits = EditBatch.stack([[Edit(site=site, vector=_vector(door), scale=scale)]])
    decoder = door.decoder([tokens], edits)
    logits, text, worst, moved = decoder.first(), list(tokens), 0.0, 0.0
    for _ in range(3):
        text.append(int(logits[0].argmax()))
        logits = decoder.next([text[-1]])
        worst = max(worst, float((logits - door.next_logits(text, edits)).abs().max()))
        plain = door.next_logits(text, EditBatch.none(1))
        moved = max(moved, float((logits - plain).abs().max()))
    return Check(
        name="the edit fires on every decode step",
        passed=worst <= TOLERANCE[door.loaded.dtype] and moved > 4 * worst,
        figure=f"{moved:.1e} from the plain logits, {worst:.1e} from one whole pass",
        reason="Steering does not stop after the prompt.",
    )


def _adapter_off(door: Forward, tokens: list[int]) -> Check:
    """Compare with the library's own pass while nothing of PEFT is in the model."""
    base = _library_logits(door, tokens, adapter=False)
    off = door.next_logits(tokens, EditBatch.none(1), adapter=False)[0]
    on = door.next_logits(tokens, EditBatch.none(1), adapter=True)[0]
    difference, effect = float((off - base).abs().max()), float((on - off).abs().max())
    return Check(
        name="adapter off equals the base model",
        passed=difference <= TOLERANCE[door.loaded.dtype] and effect > 0,
        figure=f"off differs by {difference:.1e} from the base, on by {effect:.2f}",
        reason="Base and fine-tuned share one set of weights.",
    )


def _template(door: Forward) -> Check:
    prompter = door.loaded.prompter
    if not prompter.has_template:
        return Check(
            name="chat template renders",
            passed=False,
            figure="no template",
            reason=prompter.notes[0],
        )
    rendered = prompter.render("Hello?", STUDY_SYSTEM)
    closed = prompter.conversation(prompter.turns("Hello?", STUDY_SYSTEM))
    opening = rendered.removeprefix(closed)
    return Check(
        name="chat template renders",
        passed=rendered != closed and len(opening) > 0 and "Hello?" in rendered,
        figure=f"template {prompter.template_hash}, answer opens with {opening!r}",
        reason="The prompt ends where the model begins to answer.",
    )


def _answers(door: Forward) -> Check:
    try:
        found = door.loaded.prompter.answer_tokens()
    except DataError as error:
        return Check(
            name="A and B are single tokens", passed=False, figure="split", reason=str(error)
        )
    return Check(
        name="A and B are single tokens",
        passed=True,
        figure=f"ids {found.a} and {found.b}",
        reason=f"A/B questions compare {found.rule}.",
    )
