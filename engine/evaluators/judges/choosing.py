"""The judge of a name. Which one a setting means is said in `engine.configs.judges`.

Knows nothing of how a judge reads.
"""

from engine.errors import ConfigError
from engine.evaluators.judges.by_model import ByModel
from engine.evaluators.judges.local import Local
from engine.evaluators.judges.nobody import Nobody
from engine.evaluators.judges.reference import Reference
from engine.evaluators.judges.verdicts import Judge
from engine.evaluators.judges.word_list import WordList
from engine.model.forward import Forward
from engine.questions.rubrics import Rubric

BY_WORDS: dict[str, type[WordList] | type[Nobody]] = {one.name: one for one in (WordList, Nobody)}
"""Judges that need no model."""
BY_MODEL: dict[str, type[ByModel]] = {one.name: one for one in (Reference, Local)}
"""Judges that read with a model, by a rubric."""
NOBODY = Nobody.name
"""The name of the judge that labels nothing."""


def find(name: str, door: Forward | None = None, rubric: Rubric | None = None) -> Judge:
    """The judge of that name.

    Args:
        name: As settings have it, "auto" resolved.
        door: The model that judges.
        rubric: What it judges by.

    Raises:
        ConfigError: If there is none; "auto" is a setting and must be resolved before.
    """
    if name in BY_WORDS:
        return BY_WORDS[name]()
    if name not in BY_MODEL:
        known = ", ".join((*BY_WORDS, *BY_MODEL))
        raise ConfigError(f"Judge {name!r} is not known: use {known}.")
    if door is None or rubric is None:
        raise ConfigError(f"The judge {name} reads with a model, by a rubric: name both.")
    return reader(name, door, rubric)


def reader(name: str, door: Forward, rubric: Rubric) -> ByModel:
    """One of `BY_MODEL`."""
    return BY_MODEL[name](door, rubric)
