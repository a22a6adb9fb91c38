"""Which letter a written answer names. Knows nothing of models or sweeps."""

import re
from collections.abc import Sequence

LETTERS = "ABCDEFGH"

_BRACKETED = re.compile(r"\(([A-H])\)")
_LEADING = re.compile(
    r"\W*(?:(?:the |my )?(?:answer|choice)\b(?: is)?\W*)?(?:option |choice )?"
    r"\(?([A-H])(?:[).:,]|\s*$|\s*\n)",
    re.IGNORECASE,
)


def letter_of(text: str, options: Sequence[str]) -> str:
    """The letter that an answer gives, or "" where it gives none or more than one.

    An answer that begins with a letter names it. Otherwise one bracketed letter anywhere counts if
    no other stands beside it; then an answer that begins with the words of one option, and of no
    other, names that option. The article in "A robot" is no letter.

    Args:
        text: What the model wrote.
        options: The options' texts in the order asked.
    """
    known = LETTERS[: len(options)]
    begins = _LEADING.match(text)
    if begins is not None and begins[1].upper() in known:
        return begins[1].upper()
    named = {letter for letter in _BRACKETED.findall(text) if letter in known}
    if len(named) == 1:
        return named.pop()
    said = [known[i] for i, option in enumerate(options) if _begins_with(text, option)]
    return said[0] if len(said) == 1 and not named else ""


def _begins_with(text: str, option: str) -> bool:
    wanted = _plain(option)
    return bool(wanted) and _plain(text).startswith(wanted)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())
