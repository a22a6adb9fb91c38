"""Who may say what an answer shows, and which judge applies where nobody was named.

A judge is named by a setting, never by a model's name. Knows nothing of how a judge reads.
"""

from typing import Any, Literal, Protocol, runtime_checkable

from engine.configs.core import Known, ModelConfig
from engine.configs.fields import setting
from engine.errors import DataError

Judge = Literal["auto", "word-list", "reference", "local", "none"]
"""Settings. "word-list" reads the demo corpus's own sentences; "reference" compares likelihoods
under two system prompts; "local" asks a model; "none" leaves answers unlabelled."""
Resolved = Literal["word-list", "reference", "local", "none"]
"""A judge, "auto" resolved."""
READING: tuple[Judge, ...] = ("reference", "local")
"""Judges that read with a model, by a rubric."""
RUBRIC = "data/rubrics/advice.json"
"""Honest against deceptive advice."""
LATER = ("judge", "rubric", "judge_model")
"""Fields of a judged run that older records lack."""

NOT_LABELLED = (
    "The answers are not labelled: the word list knows the demo corpus and nothing else. Name a "
    "judge to have them labelled."
)
"""Said where figures that need labels would stand."""
HELP = "auto, word-list (the demo corpus's), reference, local or none."
"""One line for `--help`."""
ABOUT = (
    "reference: likelihood under two system prompts. local: a model is asked by a rubric. "
    "word-list: the demo corpus's own sentences. auto: the word list where it applies."
)
"""On hovering."""

WORDS = {
    "auto": "Where one is known",
    "word-list": "The demo corpus's word list",
    "reference": "Reference likelihood",
    "local": "Local judge, by a rubric",
    "none": "None: no labels",
}
STUDY_WORDS = WORDS | {
    "auto": "Word list on the demo, else reference likelihood",
    "none": "None: cosines alone",
}
ABOUT_STUDY = (
    "reference: likelihood under two system prompts. local: a model is asked by a rubric. auto: "
    "the word list where model and questions are the demo's, else reference."
)


def rubric() -> Any:
    """The setting of the file by which a judge reads."""
    return setting(
        RUBRIC,
        "File of what a judge asks (reference, local).",
        about="Poles, system prompts and the question of the judges reference and local.",
        is_rare=True,
    )


def judge_model() -> Any:
    """The setting of a second model that judges."""
    return setting(
        None,
        "Model that judges, where another should.",
        label="Model that judges",
        about="Preset, hub id or folder; empty for the base model itself.",
        placeholder="the base model itself",
        is_rare=True,
    )


@runtime_checkable
class Judging(Protocol):
    """A config with the settings of a judge."""

    @property
    def judge(self) -> Judge:
        """Who labels."""

    @property
    def rubric(self) -> str:
        """By what."""


def judge_of(
    asked: Judge, model: ModelConfig, known: Known, questions: tuple[str, ...] = ()
) -> Resolved:
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


def named(config: Judging, judge: Judge, known: Known) -> dict[str, Any]:
    """What a record's name holds of its judge: nothing of rubrics where none is read.

    Args:
        config: Settings of the judge.
        judge: Who labels.
        known: Knows models and files by their content.
    """
    if judge not in READING:
        return {"rubric": RUBRIC, "judge_model": None}
    other = getattr(config, "judge_model", None)
    return {
        "judge": judge,
        "rubric": known.file(config.rubric),
        "judge_model": other and known.model(ModelConfig(model=other)),
    }
