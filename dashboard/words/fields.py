"""Sentences of the readers of foreign files, with the fields of forms for options of commands.

Knows nothing of Streamlit.
"""

import re

FIELDS = {
    "model": "Model", "layer": "Layer", "site": "Site", "operation": "Made to be",
    "index": "Which ones",
}  # fmt: skip
"""What the form calls each option."""
_OPTION = re.compile(rf"--({'|'.join(FIELDS)})(?![\w-])")


def in_fields(sentence: str) -> str:
    """The sentence for a reader of a page: `--site` becomes the field "Site"."""
    return _OPTION.sub(lambda hit: f'"{FIELDS[hit[1]]}"', sentence)
