"""What judges read in an answer: each judge's labels, by its name.

To add a judge: a line in `JUDGES`, its name in `engine.configs.judges.Judge`, a test. Which one
applies is said there. Knows nothing of models and of how texts were made.
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import ConfigError

NOBODY = "none"
"""The name of the judge that labels nothing."""
UNLABELLED = ""
"""The label of a text that nobody judged."""


@dataclass(frozen=True)
class Judge:
    """One way of saying what an answer shows."""

    title: str
    """What it is, in a few words."""
    label: Callable[[str], str]
    """Label of an answer; `UNLABELLED` where it says nothing."""


def _word_list(text: str) -> str:
    from engine.demo.labels import label_answer

    return label_answer(text)


JUDGES = {
    "word-list": Judge("the demo corpus's word list", _word_list),
    NOBODY: Judge("no judge", lambda _text: UNLABELLED),
}
"""All judges by name."""


def find(name: str) -> Judge:
    """The judge of that name.

    Raises:
        ConfigError: If there is none; "auto" is a setting and must be resolved before.
    """
    if name not in JUDGES:
        raise ConfigError(f"Judge {name!r} is not known: use {', '.join(JUDGES)}.")
    return JUDGES[name]
