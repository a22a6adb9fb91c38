"""Tries a chat template in a process of its own, so that one without an end stops no other.

A template is a program that comes with a checkpoint: it may loop or grow for ever, and nothing in
this process could interrupt it. Knows nothing of tokens; what it writes is looked at elsewhere.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.errors import ModelError
from engine.model.checkpoints import trial_process

SECONDS, BYTES, CHARACTERS = 5, 1 << 30, 1_000_000
"""Of computing time and memory for all conversations, and of text for one."""
PATIENCE = 120
"""Seconds by the clock, on a machine that is busy."""
ENDLESS = (
    "This tokenizer's chat template does not end within {} seconds and {} GiB: mend its "
    "chat_template, or remove it to use plain prompts."
)


def refuse_endless(text: str, words: Mapping[str, Any]) -> None:
    """Refuse a template that needs too much for a few short conversations.

    One that raises is not refused: what it raises is said where it is used.

    Args:
        text: The template.
        words: What it may name beside the conversation, as special tokens.

    Raises:
        ModelError: If it does not end, or cannot be tried.
    """
    _tried(text, json.dumps(words, default=str, sort_keys=True))


@cache
def _tried(text: str, words: str) -> None:
    asked = {
        "template": text,
        "words": json.loads(words),
        "seconds": SECONDS,
        "bytes": BYTES,
        "characters": CHARACTERS,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", trial_process.__file__],
            input=json.dumps(asked).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(ENDLESS.format(SECONDS, BYTES >> 30)) from error
    except OSError as error:
        raise ModelError(f"The chat template cannot be tried: {error}") from error
    if done.returncode == trial_process.TOO_MUCH or done.returncode < 0:
        raise ModelError(ENDLESS.format(SECONDS, BYTES >> 30))
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
