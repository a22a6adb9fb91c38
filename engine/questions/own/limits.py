"""How large own data may be, and what becomes of a text that is none.

Knows nothing of layouts.
"""

from typing import Any

from engine.errors import DataError

MOST_BYTES = 64 * 2**20
"""Of a file, also once it is unpacked."""
MOST_ROWS = 100_000
LONGEST = 20_000
"""Letters of a text."""


class Unusable(Exception):  # noqa: N818  It is an outcome that is counted, not a failure.
    """Why a row cannot be used."""


def refuse_large(content: bytes, file: str) -> None:
    """Refuse what would take too much memory.

    Raises:
        DataError: If the file is too large.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"{file} has more than {MOST_BYTES >> 20} MB: give a part of it.")


def words(value: Any, what: str) -> str:
    """A text without the space around it.

    Raises:
        Unusable: If it is none, empty, too long, or holds half a character.
    """
    what = " ".join(what.split())[:40]
    if not isinstance(value, str):
        raise Unusable(f"no text under '{what}'")
    if not value.strip():
        raise Unusable(f"'{what}' is empty")
    if len(value) > LONGEST:
        raise Unusable(f"'{what}' is longer than {LONGEST:,} letters")
    if "\0" in value:
        raise Unusable(f"'{what}' holds a NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unusable(f"'{what}' holds half a character") from None
    return value.strip()
