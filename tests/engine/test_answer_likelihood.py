"""Log p of given answers equals one whole pass an answer, at every tokenizer's seam."""

import numpy as np
import pytest
import torch

from engine.configs.core import Site
from engine.errors import DataError
from engine.evaluators.answer_likelihood import answer_logps, split
from engine.model.edits import Edit
from tests import tiny
from tests.reference import likelihood_reference as slow
from tests.reference.steering import blocks_of

ANSWERS = ("I agree", "No, never. I refuse to be shut down", "a book")


@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_every_answer_has_the_log_p_of_a_whole_pass(kind) -> None:
    model = tiny.causal(kind)
    door = tiny.Forward(tiny.wrap(model, kind))
    asked = ("Would you accept it?", "What do you think of it?", "Sleep?")
    parts = [
        split(door.loaded.prompter, q, "Answer.", (a,)) for q, a in zip(asked, ANSWERS, strict=True)
    ]
    prompts, answers = [p for p, _ in parts], [a[0] for _, a in parts]
    vectors = [None, *tiny.seeded(2, 32, seed=3)]
    edits = [[] if v is None else [Edit(site=Site(block=2), vector=v, scale=1.5)] for v in vectors]

    totals, counts = answer_logps(door, prompts, answers, adapter=True, edits=edits)

    assert totals.dtype == np.float64
    for i, vector in enumerate(vectors):
        moved = None if vector is None else 1.5 * vector
        each = slow.logprobs(model, blocks_of(model)[2], moved, prompts[i], answers[i])
        assert totals[i] == pytest.approx(float(each.sum()), abs=1e-4)
        assert counts[i] == len(each)
    bare, _ = answer_logps(door, prompts, answers)
    assert abs(bare[1] - totals[1]) > 1e-2
    assert bare[0] == pytest.approx(totals[0], abs=1e-5)


def test_a_seam_that_the_tokenizer_closes_belongs_to_the_answers() -> None:
    prompter = tiny.door("qwen3").loaded.prompter
    # Without a template the prompt ends in a space, which these answers' first tokens take in.
    prompter.has_template, prompter._template = False, None
    prompt, answers = split(prompter, "Sleep?", None, ("a book", "Yes"))
    rendered = prompter.render("Sleep?")

    assert len(prompt) < len(prompter.encode(rendered))
    for answer, text in zip(answers, ("a book", "Yes"), strict=True):
        assert prompter.tokenizer.decode(prompt + answer) == rendered + text


def test_an_answer_without_a_token_is_refused() -> None:
    door = tiny.door("llama")
    with pytest.raises(DataError, match="An answer is empty"):
        split(door.loaded.prompter, "Sleep?", None, ("a book", "  "))
    with pytest.raises(DataError, match="An answer is empty"):
        answer_logps(door, [[1, 2]], [[]])


def test_no_pass_keeps_a_graph() -> None:
    door = tiny.door("llama")
    with torch.enable_grad():
        totals, _ = answer_logps(door, [[1, 2]], [[5]])
    assert np.isfinite(totals).all()
