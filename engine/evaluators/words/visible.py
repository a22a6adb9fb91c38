"""Words of a vocabulary as text of which nothing is hidden: spaces, controls and lone bytes show.

Knows nothing of models.
"""

from typing import Any

from engine.evaluators.tokens.pieces import BROKEN, piece

SPACE = "\u2423"
"""Stands for a space at either end of a word: an open box."""
NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_SENTENCE_SPACE = "\u2581"
"""How SentencePiece writes a space, which it drops from a lone word."""
_KEPT = (range(0x21, 0x7F), range(0xA1, 0xAD), range(0xAE, 0x100))
"""Bytes that byte-level tokenizers write as they are; the others follow from 256 on."""


def visible(tokenizer: Any, token: int) -> str:
    """One token as it can be read and told from all others."""
    name = str(tokenizer.convert_ids_to_tokens(token))
    text = piece(tokenizer, token)
    if text == name and BROKEN in str(tokenizer.decode([token])):
        return _bytes(name)
    if name.startswith(_SENTENCE_SPACE) and not text.startswith(" "):
        text = f" {text}"
    return shown(text) or name


def shown(text: str) -> str:
    """A text with spaces at its ends as boxes, and what cannot be seen by its number."""
    inner = text.strip(" ")
    before = len(text) - len(text.lstrip(" "))
    after = len(text) - len(inner) - before if inner else 0
    return SPACE * before + "".join(map(_sign, inner)) + SPACE * after


def _sign(one: str) -> str:
    if one in NAMED:
        return NAMED[one]
    return one if one.isprintable() else f"<U+{ord(one):04X}>"


def _bytes(name: str) -> str:
    """The bytes of a part of a character, of which a byte-level tokenizer writes each as a sign."""
    kept = [byte for span in _KEPT for byte in span]
    rest = [byte for byte in range(256) if byte not in kept]
    signs = {chr(byte): byte for byte in kept} | {chr(256 + i): b for i, b in enumerate(rest)}
    if not all(sign in signs for sign in name):
        return name
    return "".join(f"<0x{signs[sign]:02X}>" for sign in name)
