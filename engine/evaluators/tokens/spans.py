"""Which tokens of what the model is given are a text's own.

Knows nothing of models: a tokenizer is all it needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import DataError
from engine.model.prompts import Prompter
from engine.questions.corpora import CorpusText


@dataclass(frozen=True, eq=False)
class Span:
    """A sequence of tokens, and which of them are the text's own."""

    tokens: tuple[int, ...]
    begin: int
    end: int
    """Not included."""
    lead: int = 0
    """How many of the text's tokens before `begin` are left out."""


def at(
    prompter: Prompter,
    rendered: str,
    first: int,
    last: int,
    whole: Sequence[int],
    is_plain: bool | None = None,
) -> slice:
    """The tokens in which letters `first` to `last` of a rendered text stand.

    A token that holds letters of both sides of an edge counts where it ends.

    Args:
        prompter: Writes tokens.
        rendered: What was given.
        first: Place of a letter.
        last: Place after the last letter.
        whole: Tokens of all of `rendered`.
        is_plain: As `Prompter.encode` takes it.
    """
    begin, end = (_shared(prompter, rendered[:edge], whole, is_plain) for edge in (first, last))
    return slice(begin, max(begin, end))


def _shared(prompter: Prompter, before: str, whole: Sequence[int], is_plain: bool | None) -> int:
    """How many first tokens hold nothing but `before`."""
    if not before:
        return 0
    own = prompter.encode(before, is_plain)
    same = (a == b for a, b in zip(own, whole, strict=False))
    count = next((i for i, is_same in enumerate(same) if not is_same), None)
    return min(len(own), len(whole)) if count is None else count


def corpus_span(prompter: Prompter, one: CorpusText, form: str, system: str | None) -> Span:
    """A corpus text as it is given to the model.

    Args:
        prompter: Of the model.
        one: The text; where it answers a question, that stands before it.
        form: "auto", "prompt" (the text is the question) or "plain" (it stands alone).
        system: System prompt of texts that bring none.

    Raises:
        DataError: If the chat template does not write the text as it is.
    """
    system = one.system or system
    if form == "prompt":
        return _asked(prompter, one.text, system)
    if form == "plain" or one.prompt is None:
        tokens = prompter.encode(one.text, is_plain=True)
        added = len(tokens) - len(prompter.encode(one.text, is_plain=False))
        return Span(tuple(tokens), max(added, 0), len(tokens))
    rendered = prompter.render(one.prompt, system)
    whole = prompter.encode(rendered + one.text)
    own = at(prompter, rendered + one.text, len(rendered), len(rendered + one.text), whole)
    return Span(tuple(whole), own.start, len(whole))


def _asked(prompter: Prompter, text: str, system: str | None) -> Span:
    rendered = prompter.render(text, system)
    place = rendered.rfind(text)
    if place < 0:
        raise DataError(
            "This model's chat template changes the texts that it is given, so that their tokens "
            "cannot be told apart: read them plain."
        )
    whole = prompter.encode(rendered)
    own = at(prompter, rendered, place, place + len(text), whole)
    return Span(tuple(whole), own.start, own.stop)
