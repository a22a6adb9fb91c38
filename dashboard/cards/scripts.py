"""Which scripts of a text no installed font draws. Knows nothing of pictures."""

import functools
import re
import shutil
import subprocess
import unicodedata

NAMES = {
    "CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean",
    "ARABIC": "Arabic", "HEBREW": "Hebrew", "DEVANAGARI": "Devanagari", "THAI": "Thai",
    "BENGALI": "Bengali", "TAMIL": "Tamil",
}  # fmt: skip
"""A script by how the names of its signs begin in Unicode."""
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


def undrawn(text: str) -> list[str]:
    """The scripts that would be drawn as boxes, in the order in which they stand in the text."""
    found = {_script(sign): sign for sign in dict.fromkeys(text) if sign >= "\u0590"}
    return [name for name, sign in found.items() if name and not _is_drawn(sign)]


def sentence(text: str) -> str:
    """What a reader of the picture must know; empty where everything is drawn."""
    names = undrawn(text)
    return f"No installed font draws {' or '.join(names)}: such signs are boxes." if names else ""


def _script(sign: str) -> str:
    if EMOJI.match(sign):
        return "emoji"
    return NAMES.get(unicodedata.name(sign, "").split(" ")[0].split("-")[0], "")


@functools.lru_cache(maxsize=512)
def _is_drawn(sign: str) -> bool:
    """Whether fontconfig knows a font with this sign; where it is absent nothing can be said."""
    asked = shutil.which("fc-list")
    if asked is None:
        return True
    told = subprocess.run([asked, f":charset={ord(sign):x}", "family"], capture_output=True)
    return bool(told.stdout.strip())
