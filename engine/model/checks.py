"""Visible self-tests of a loaded model, each with its figure and its reason.

Knows nothing of screens. A few short passes; run at load and by `python -m engine check`. They
also choose the way: blocks by hand, else hooks, else hooks with a whole pass for each token.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, Site
from engine.errors import DataError
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward
from engine.model.selftests import passes, verdicts
from engine.model.selftests.verdicts import Check

STEPS = 3
"""Tokens that are written, once with each strength until the edit stands out."""
STRENGTHS = (0.1, 1.0, 4.0)
"""Of an edit, in median norms of the residual stream; the first is like a usual one."""
LOST = (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError)
"""What the library raises where a kind of model keeps no states, or in another way."""
SHARE = {torch.float32: 1e-4, torch.bfloat16: 0.02, torch.float16: 0.004}
"""Of the largest value: differences that rounding explains in each precision, at the least."""
MOST = 0.2
"""Where rounding explains more, it explains too much."""


def run_checks(door: Forward) -> list[Check]:
    """All self-tests, also left on the door; each way that fails its own is given up."""
    asked = _Asked(door, door.loaded.prompter.tokens(STUDY_PROMPT, STUDY_SYSTEM))
    later = _later_tokens(asked)
    ways = _of_way(asked)
    if door.is_segmented and not all(one.passed for one in ways):
        door.use_hooks()
        ways = _of_way(asked)
    if door.keeps_past and not ways[-1].passed:
        door.use_whole_passes()
        ways = [*ways[:-1], _every_decode_step(asked)]
    checks = [_finite(asked), later, *ways, _scale_zero(asked), _batch_equals_single(asked)]
    if door.loaded.has_adapter:
        checks.append(_adapter_off(asked))
    door.checks = [*checks, _template(door), _answers(door)]
    door.loaded.red = verdicts.notes(door.checks)
    return list(door.checks)


class _Asked:
    """A door, a prompt, and what rounding explains there."""

    def __init__(self, door: Forward, tokens: list[int]) -> None:
        self.door, self.tokens = door, tokens
        self.bar = SHARE[door.loaded.dtype]
        if door.loaded.dtype != torch.float32:
            short = [tokens[-7:], tokens]
            noise = passes.largest(passes.of_rounding(door, one) for one in short)
            self.bar = min(max(self.bar, 2 * noise), MOST)


def _of_way(asked: _Asked) -> list[Check]:
    """Those that the way of running must pass; the last is of kept states."""
    return [_same_as_library(asked), _answers_are_exact(asked), _every_decode_step(asked)]


def _vector(door: Forward, seed: int = 0) -> Float[Tensor, " hidden"]:
    generator = torch.Generator().manual_seed(seed)
    vector = torch.randn(door.hidden, generator=generator)
    return vector / vector.norm()


def _middle(door: Forward) -> Site:
    return Site(block=door.blocks // 2)


def _library_logits(
    door: Forward, tokens: list[int], adapter: bool = True
) -> Float[Tensor, " vocab"]:
    return passes.library(door, tokens, adapter).logits[0, -1].float().cpu()


def _later_tokens(asked: _Asked) -> Check:
    """See whether what follows a token changes it; rows are then neither filled up nor kept."""
    door, moved = asked.door, passes.of_later_tokens(asked.door, asked.tokens)
    most = asked.bar if door.loaded.dtype == torch.float32 else MOST
    if not moved <= most and not door.depends_on_length:
        door.use_one_length()
    kept = "each length is run by itself" if door.depends_on_length else "beginnings may be kept"
    return Check(
        name="later tokens leave earlier ones alone, or are kept apart",
        passed=moved <= most or door.depends_on_length,
        figure=f"states move by {moved:.1e} of their size",
        reason=f"On this model {kept}.",
    )


def _same_as_library(asked: _Asked) -> Check:
    """Compare states of every block and logits at several lengths, past what the config names."""
    door, prompts = asked.door, passes.prompts(asked.door, asked.tokens)
    logits = passes.largest(passes.of_logits(door, one) for one in prompts)
    by_hand = prompts if door.is_segmented else []
    states = passes.largest([0.0, *(passes.of_states(door, one) for one in by_hand)])
    blocks = f", blocks by {states:.1e}" if by_hand else ""
    way = "blocks run by hand" if door.is_segmented else "hooks on the library's own pass"
    lengths = ", ".join(str(len(one)) for one in prompts)
    return Check(
        name="forward equals the library's",
        passed=max(logits, states) <= asked.bar,
        figure=f"logits differ by {logits:.1e}{blocks} of their size",
        reason=f"This model goes through {way}; tried at {lengths} tokens.",
    )


def _finite(asked: _Asked) -> Check:
    logits = _library_logits(asked.door, asked.tokens)
    bad = int(logits.isnan().sum() + logits.isposinf().sum())
    return Check(
        name="logits are numbers",
        passed=bad == 0 and bool(logits.isfinite().any()),
        figure=f"{bad} of {len(logits)} are not",
        reason="What overflows in float16 fits into bfloat16 and float32.",
    )


def _answers_are_exact(asked: _Asked) -> Check:
    """Compare answers of steered rows with a float32 head on the library's own pass."""
    door, tokens = asked.door, asked.tokens
    likely = _library_logits(door, tokens).nan_to_num().topk(2).indices.tolist()
    size = _norm(door, tokens)
    rows = [[_edit(door, seed, size * seed)] for seed in range(3)]
    worst = passes.of_answers(door, tokens, rows, likely)
    return Check(
        name="answers equal a float32 head's",
        passed=worst <= asked.bar,
        figure=f"largest difference {worst:.1e} of the logits' size",
        reason="Answers are read through all that stands on the head, also past a kept beginning.",
        speaks_of="answers",
    )


def _norm(door: Forward, tokens: list[int]) -> float:
    """Median norm of the residual stream where the self-tests steer."""
    return float(door.capture(tokens, [_middle(door)])[_middle(door)].norm(dim=-1).median())


def _edit(door: Forward, seed: int, scale: float) -> Edit:
    return Edit(site=_middle(door), vector=_vector(door, seed), scale=scale)


def _scale_zero(asked: _Asked) -> Check:
    edit = _edit(asked.door, 0, 0.0)
    steered = asked.door.next_logits(asked.tokens, EditBatch.stack([[edit], [edit]]))
    plain = asked.door.next_logits(asked.tokens, EditBatch.none(2))
    same, difference = torch.equal(steered, plain), passes.share(steered, plain)
    return Check(
        name="scale 0 is the baseline",
        passed=same,
        figure="bit-identical" if same else f"differs by {difference:.1e} of the logits' size",
        reason="Nothing is left on the model between calls.",
        # Some kernels sum in another order each time.
        binds=not difference <= asked.bar,
    )


def _batch_equals_single(asked: _Asked) -> Check:
    door, tokens = asked.door, asked.tokens
    rows = [[_edit(door, seed, 1.0 + seed)] for seed in range(3)]
    together = door.next_logits(tokens, EditBatch.stack(rows))
    alone = torch.cat([door.next_logits(tokens, EditBatch.stack([row])) for row in rows])
    difference = passes.share(together, alone)
    return Check(
        name="a row in a batch equals the row alone",
        passed=difference <= asked.bar,
        figure=f"largest difference {difference:.1e} of the logits' size",
        reason="Rows of one batch do not touch each other.",
    )


def _every_decode_step(asked: _Asked) -> Check:
    """Write two steered texts, of which one ends first, and compare with whole passes."""
    door, tokens = asked.door, passes.past_boundaries(asked.door, asked.tokens)
    norm, worst, moved = _norm(door, asked.tokens), float("nan"), 0.0
    for strength in STRENGTHS:
        try:
            worst, moved = _written(door, tokens, strength * norm)
        except LOST:
            if not door.keeps_past:
                raise
            break
        # A weak edit may be lost in rounding on a model that has nothing wrong.
        if not worst <= asked.bar or moved > 4 * worst:
            break
    slow = "" if door.keeps_past else " Each token of a text takes a whole pass."
    return Check(
        name="the edit fires on every decode step",
        passed=worst <= asked.bar and moved > 4 * worst,
        figure=f"{moved:.1e} from the plain logits, {worst:.1e} from one whole pass",
        reason=f"Steering does not stop after the prompt.{slow}",
        speaks_of="generation",
    )


def _written(door: Forward, tokens: list[int], scale: float) -> tuple[float, float]:
    """The largest share by which logits differ from a whole pass, and that by which the last ones
    differ from the unsteered model's."""
    rows = [[_edit(door, seed, scale)] for seed in range(2)]
    decoder = door.decoder([tokens, tokens], EditBatch.stack(rows))
    logits, one = decoder.first(), EditBatch.stack(rows[1:])
    text, worst = list(tokens), [0.0]
    for step in range(STEPS):
        if step == 1:
            decoder.keep([1], one)
            logits = logits[1:]
        text.append(int(logits[-1].argmax()))
        logits = decoder.next([int(row.argmax()) for row in logits])
        worst.append(passes.share(logits[-1], door.next_logits(text, one)[0]))
    plain = door.next_logits(text, EditBatch.none(1))[0]
    return passes.largest(worst), passes.share(logits[-1], plain)


def _adapter_off(asked: _Asked) -> Check:
    """Compare with the library's own passes, of the base while nothing of PEFT is in the model."""
    door, tokens = asked.door, asked.tokens
    off = door.next_logits(tokens, EditBatch.none(1), adapter=False)[0]
    on = door.next_logits(tokens, EditBatch.none(1), adapter=True)[0]
    base, tuned = _library_logits(door, tokens, adapter=False), _library_logits(door, tokens)
    difference = passes.largest([passes.share(off, base), passes.share(on, tuned)])
    effect = float((on - off).abs().max())
    return Check(
        name="adapter off equals the base model",
        passed=difference <= asked.bar and effect > 0,
        figure=f"off and on differ by {difference:.1e} of the logits' size from the library's, "
        f"from each other by {effect:.2g}",
        reason="Base and fine-tuned share one set of weights.",
        speaks_of="adapter",
        # An adapter that changes nothing is no fault of ours, but a reader must know.
        binds=not difference <= asked.bar,
    )


def _template(door: Forward) -> Check:
    prompter = door.loaded.prompter
    if not prompter.has_template:
        return Check(
            name="chat template renders",
            passed=False,
            figure="no template",
            reason=prompter.notes[0],
            speaks_of="itself",
        )
    rendered = prompter.render("Hello?", STUDY_SYSTEM)
    closed = prompter.conversation(prompter.turns("Hello?", STUDY_SYSTEM))
    opening = rendered.removeprefix(closed)
    return Check(
        name="chat template renders",
        passed=rendered != closed and len(opening) > 0 and "Hello?" in rendered,
        figure=f"template {prompter.template_hash}, answer opens with {opening!r}",
        reason="The prompt ends where the model begins to answer.",
        binds=False,
    )


def _answers(door: Forward) -> Check:
    try:
        found = door.loaded.prompter.answer_tokens()
    except DataError as error:
        return Check(
            name="A and B are single tokens",
            passed=False,
            figure="split",
            reason=str(error),
            speaks_of="itself",
        )
    return Check(
        name="A and B are single tokens",
        passed=True,
        figure=f"ids {found.a} and {found.b}",
        reason=f"A/B questions compare {found.rule}.",
        speaks_of="itself",
    )
