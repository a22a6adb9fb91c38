"""How a model's own generation config would write texts, and the tokens that end them.

Knows nothing of models: a generation config is read as plain values.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "generation_config.json"
NAMES = {
    "temperature": "temperature",
    "top_p": "top-p",
    "top_k": "top-k",
    "min_p": "min-p",
    "repetition_penalty": "repetition penalty",
}
"""Its fields that decide how a token is chosen, in words."""
OFF = {"top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1}
"""Values that change nothing."""
DRAWN = ("temperature", "top_p", "top_k", "min_p")
"""Those that matter only where tokens are drawn."""


def own_choice(declared: Mapping[str, Any]) -> dict[str, Any]:
    """What a generation config says of choosing tokens, as far as it says anything.

    Args:
        declared: Its fields; those that are None or no numbers count as left out.

    Returns:
        `do_sample`, and of `NAMES` those that are declared and would be used; empty where nothing
        is declared. Limits that the library adds by itself are not the model's own.
    """
    does_draw = declared.get("do_sample") is True
    told = {
        name: declared[name]
        for name in NAMES
        if _is_number(declared.get(name))
        and declared[name] != OFF.get(name)
        and (does_draw or name not in DRAWN)
    }
    is_declared = isinstance(declared.get("do_sample"), bool) or bool(told)
    return {"do_sample": does_draw, **told} if is_declared else {}


def in_words(choice: Mapping[str, Any]) -> str:
    """One sentence on `own_choice`; "" where nothing is declared."""
    if not choice:
        return ""
    first = "the likeliest token"
    if choice.get("do_sample"):
        first = f"temperature {choice.get('temperature', 1):g}"
    more = [name for name in NAMES if name in choice and name != "temperature"]
    told = [first, *(f"{NAMES[name]} {choice[name]:g}" for name in more)]
    return f"The model's own default: {', '.join(told)}."


def told_of(model: Mapping[str, Any]) -> list[str]:
    """Sentences on what a record holds of its model: where texts end, and the model's own default.

    Args:
        model: Of a record, or `LoadedModel.identity`; older records hold nothing of this.
    """
    ends = model.get("stop_tokens") or ()
    told = [f"A text ends at {' or '.join(ends)}."] if ends else []
    own = in_words(model.get("own_choice") or {})
    return [*told, own] if own else told


def in_folder(folder: Path) -> dict[str, Any]:
    """`own_choice` of a model's folder; empty where its file is missing or cannot be read."""
    try:
        declared = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return own_choice(declared) if isinstance(declared, dict) else {}


def stop_tokens(*declared: Any) -> tuple[int, ...]:
    """Ids of the tokens that end a text, each once, in ascending order.

    Args:
        declared: End tokens as configs and tokenizers have them: an id, several, or None.
    """
    lists = [some if isinstance(some, list | tuple) else [some] for some in declared]
    every = {one for some in lists for one in some if isinstance(one, int)}
    return tuple(sorted(one for one in every if one >= 0 and not isinstance(one, bool)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
