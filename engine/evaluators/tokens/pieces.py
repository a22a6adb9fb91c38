"""Token ids as the parts of a text that a reader can see. Knows nothing of models."""

from collections.abc import Sequence
from typing import Any

BROKEN = "\ufffd"
"""What a tokenizer writes for a character of which a part is missing."""
CONTEXT = 4
"""Tokens before, which tell whether a space belongs to a token."""
LONGEST = 8
"""Tokens of one character; a longer run is broken text."""


def pieces(tokenizer: Any, tokens: Sequence[int]) -> list[str]:
    """Each token's part of the text; joined they are the text.

    A character that several tokens share stands at the first of them, "" at the others.
    """
    found = [""] * len(tokens)
    begin = 0
    for end in range(1, len(tokens) + 1):
        before = _decoded(tokenizer, tokens[max(0, begin - CONTEXT) : begin])
        after = _decoded(tokenizer, tokens[max(0, begin - CONTEXT) : end])
        is_whole = not after.endswith(BROKEN)
        if is_whole or end == len(tokens) or end - begin >= LONGEST:
            found[begin] = _rest(before, after)
            begin = end
    return found


def piece(tokenizer: Any, token: int) -> str:
    """One token by itself; one that is only a part of a character by its name."""
    text = _decoded(tokenizer, [token])
    return text if text and BROKEN not in text else str(tokenizer.convert_ids_to_tokens(token))


def special_ids(tokenizer: Any) -> set[int]:
    """Tokens that are no text of anybody's."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {*tokenizer.all_special_ids, *(i for i, token in added.items() if token.special)}


def _decoded(tokenizer: Any, tokens: Sequence[int]) -> str:
    return str(
        tokenizer.decode(
            list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
    )


def _rest(before: str, after: str) -> str:
    return after[len(before) :] if after.startswith(before) else after
