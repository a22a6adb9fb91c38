"""Whether a model's files bring a chat template, as far as that can be seen without its tokenizer.

Knows nothing of how templates are rendered.
"""

import json
from pathlib import Path

FILE, SETTINGS, FOLDER = "chat_template.jinja", "tokenizer_config.json", "additional_chat_templates"


def has_template(folder: Path) -> bool | None:
    """Whether a model's folder has a template; None where its files do not say."""
    if (folder / FILE).is_file() or (folder / FOLDER).is_dir():
        return True
    try:
        told = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return bool(told.get("chat_template")) if isinstance(told, dict) else None
