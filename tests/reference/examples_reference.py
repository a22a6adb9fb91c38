"""Which tokens of what a model is given are a text's own, letter by letter.

Their figures are those of strips: `strip_reference`. Slow and obviously right for texts of whole
characters: every token is written by itself and its letters are counted.
"""

from typing import Any


def own_tokens(tokenizer: Any, given: str, text: str, tokens: list[int]) -> list[int]:
    """Places of the tokens that write letters of `text` where it stands last in `given`."""
    begin = given.rindex(text)
    places, place = [], 0
    for turn, token in enumerate(tokens):
        length = len(tokenizer.decode([token], skip_special_tokens=False))
        if place < begin + len(text) and place + length > begin:
            places.append(turn)
        place += length
    return places
