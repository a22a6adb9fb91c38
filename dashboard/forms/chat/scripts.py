"""A turn of a conversation as a short program that asks the same. Knows nothing of widgets."""

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from engine.configs.chats import Pane
from engine.configs.core import ModelConfig
from engine.configs.values import built
from engine.records.conversations import Conversation, Exchange

END = """for name, text in answers.items():
    print(name, text, sep="\\n", end="\\n\\n")
"""


def of_turn(talk: Conversation, one: Exchange) -> str:
    """Python that asks the turns up to this one again, of the same panes."""
    path = talk.path(one.id)
    first = path[0].turn
    asked = built(ModelConfig, talk.config["model"])
    # A program that names no model asks the one that the vectors are of.
    model = [f"model={asked.model!r}", *_told(asked, ("model", "device"))]
    named = [f"panes={_panes(first.panes)}", *model, *_told(first.settings)]
    inner = "".join(f"    {words},\n" for words in named)
    lines = [
        "from engine import Engine",
        f"from engine.configs.chats import {', '.join(_names(path))}",
        "",
        f"chat = Engine().chat(\n{inner})",
    ]
    before = first
    for each in path:
        turn = each.turn
        if turn.panes != before.panes:
            lines.append(f"chat.panes = {_panes(turn.panes, 0)}")
        if turn.settings != before.settings:
            lines.append(f"chat.settings = Settings({', '.join(_told(turn.settings))})")
        lines.append(f"answers = chat.say({turn.said!r})")
        before = turn
    return "\n".join([*lines, END])


def _names(path: Sequence[Exchange]) -> list[str]:
    """The classes that the program names."""
    has_chips = any(pane.chips for one in path for pane in one.turn.panes)
    changes = any(one.turn.settings != path[0].turn.settings for one in path)
    return [*(["Chip"] * has_chips), "Pane", *(["Settings"] * changes)]


def _panes(given: Sequence[Pane], indent: int = 4) -> str:
    space = " " * indent
    inner = "".join(f"{space}    {_made(one)},\n" for one in given)
    return f"[\n{inner}{space}]"


def _made(value: Any) -> str:
    """A value as it is written; of a config only what is not usual."""
    if isinstance(value, tuple):
        inner = ", ".join(_made(one) for one in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if hasattr(value, "__dataclass_fields__"):
        return f"{type(value).__name__}({', '.join(_told(value))})"
    return repr(value)


def _told(config: Any, leave_out: Sequence[str] = ()) -> list[str]:
    """The fields of a config that are not at their defaults, as keywords."""
    found = []
    for one in fields(config):
        value = getattr(config, one.name)
        usual = one.default if one.default is not MISSING else None
        if one.name not in leave_out and (one.default is MISSING or value != usual):
            found.append(f"{one.name}={_made(value)}")
    return found
