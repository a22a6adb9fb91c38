"""Conversations of many forms: who said what in a row, and its first exchange.

Knows nothing of files.
"""

import re
from typing import Any, NamedTuple

from engine.questions.own.limits import Unusable, words

_ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "question"), "user"),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatgpt", "answer"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
_TURN = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")
"""How dialogues are written into one text in sets of preferences."""


class Talk(NamedTuple):
    """The first exchange of a conversation."""

    question: str
    answer: str
    system: str | None
    has_more: bool
    """Whether it went on."""


def turns_of(value: Any) -> list[tuple[str, Any]] | None:
    """(role, text) of every message; None where a value is no conversation."""
    if isinstance(value, str):
        parts = _TURN.split(value)
        if len(parts) < 3 or parts[0].strip():
            return None
        return [(_ROLES[r.lower()], t) for r, t in zip(parts[1::2], parts[2::2], strict=True)]
    if isinstance(value, dict):
        if "messages" in value:
            return turns_of(value["messages"])
        asked = value.get("question", value.get("prompt"))
        return [("user", asked), ("assistant", value.get("answer"))] if asked else None
    if not isinstance(value, list) or not value or not all(isinstance(m, dict) for m in value):
        return None
    found = []
    for message in value:
        role = message.get("role", message.get("from"))
        text = message.get("content", message.get("value"))
        if not isinstance(role, str):
            return None
        found.append((_ROLES.get(role.strip().lower(), role.strip().lower()), _joined(text)))
    return found


def is_talk(value: Any) -> bool:
    """Whether a list is one conversation: messages with who says them."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(m, dict) and {"role", "from"} & {*m} for m in value)
    )


def _joined(content: Any) -> Any:
    """The text of a message that comes in parts."""
    if isinstance(content, list) and content and all(isinstance(p, dict) for p in content):
        texts = [p.get("text") for p in content if p.get("type", "text") == "text"]
        return "".join(one for one in texts if isinstance(one, str))
    return content


def first_exchange(value: Any) -> Talk:
    """The first question and its answer, with the system prompt.

    Raises:
        Unusable: If nobody asks.
    """
    turns = turns_of(value)
    if turns is None:
        raise Unusable("no list of messages with role and content")
    system = next((text for role, text in turns if role == "system" and text), None)
    rest = [(role, text) for role, text in turns if role != "system"]
    if not rest or rest[0][0] != "user":
        raise Unusable("the conversation does not begin with a user's message")
    answer = rest[1][1] if len(rest) > 1 and rest[1][0] == "assistant" else ""
    return Talk(
        words(rest[0][1], "user"),
        words(answer, "assistant") if answer else "",
        words(system, "system") if system is not None else None,
        len(rest) > 2,
    )
