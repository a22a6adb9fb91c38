"""Who may say what an answer shows, and which judge applies where nobody was named.

A judge is named by a setting, never by a model's name. Knows nothing of how a judge reads.
"""

from typing import Literal

from engine.configs.core import Known, ModelConfig
from engine.errors import DataError

Judge = Literal["auto", "word-list", "none"]
"""Settings. "word-list" reads the demo corpus's own sentences; "none" leaves answers unlabelled."""

NOT_LABELLED = (
    "The answers are not labelled: the word list knows the demo corpus and nothing else. Name a "
    "judge to have them labelled."
)
"""Said where figures that need labels would stand."""
HELP = "auto, word-list (the demo corpus's own sentences) or none."

WORDS = {
    "auto": "Where one is known",
    "word-list": "The demo corpus's word list",
    "none": "None: cosines alone",
}


def judge_of(
    asked: Judge, model: ModelConfig, known: Known, questions: tuple[str, ...] = ()
) -> Literal["word-list", "none"]:
    """The judge that a setting means for a model, and for files of questions where these are named.

    "auto" is the word list where the model's files are the demo's, wherever they lie and whatever
    they are called, and every question stands in the demo corpus. Anything else has no judge:
    the list knows that corpus's sentences and no others.

    Args:
        asked: The setting.
        model: Whose answers are judged.
        known: Knows models and files by their content.
        questions: Files whose questions the answers are to.
    """
    if asked != "auto":
        return asked
    try:
        is_demo = known.is_demo(model) and all(map(known.is_demo_corpus, questions))
    except DataError:
        # A file that holds no questions, as one of conversations, is no part of the corpus.
        is_demo = False
    return "word-list" if is_demo else "none"
