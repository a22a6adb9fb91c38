"""What judges read, from the formulas: one text at a time, whole passes, no cache."""

from collections.abc import Sequence

from torch import nn

from tests.reference.likelihood_reference import logprobs


def logp(model: nn.Module, prompt: Sequence[int], answer: Sequence[int]) -> float:
    """log p(answer | prompt) in nats, by one whole pass."""
    return float(logprobs(model, None, None, list(prompt), list(answer)).sum())


def said_after(prompter, question: str, system: str | None, answer: str) -> tuple[list, list]:
    """Tokens of a prompt, and those that an answer adds to it."""
    before = prompter.tokens(question, system)
    whole = prompter.encode(prompter.render(question, system) + answer)
    assert whole[: len(before)] == before
    return before, whole[len(before) :]


def reference_score(
    model: nn.Module, prompter, question: str, answer: str, systems: tuple[str, str]
) -> float:
    """Nats per token by which the answer is likelier under the second system prompt."""
    means = []
    for system in systems:
        prompt, tokens = said_after(prompter, question, system, answer)
        means.append(logp(model, prompt, tokens) / len(tokens))
    return means[1] - means[0]


def letter_score(model: nn.Module, prompter, layouts: tuple[str, str], system: str | None) -> float:
    """Mean over two layouts of the second pole's logit less the first's.

    The second pole is (B) in the first layout and (A) in the second.
    """
    differences = []
    for layout in layouts:
        found = []
        for letter in ("(A", "(B"):
            prompt, tokens = said_after(prompter, layout, system, letter)
            found.append(logp(model, prompt, tokens))
        differences.append(found[1] - found[0])
    return (differences[0] - differences[1]) / 2
