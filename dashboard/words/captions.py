"""What the numbers mean and what they do not, worded once. Knows nothing of Streamlit."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.configs import registry
from engine.records import readings
from engine.records.steered import Steered

PROXY = (
    "The score is a logit difference after one forward pass: the model writes no answer. "
    "It is a proxy for what the model would say."
)
LIKELIHOOD = (
    "The score says which of two written answers the model finds likelier: it reads both and "
    "writes neither. It is a proxy for what the model would say."
)
"""The same where written answers were read."""
ONE_PROMPT = (
    "Vectors are found on few prompts or pairs. What they do on other questions, an evaluation "
    "measures."
)
CONTROLS = (
    "Random vectors of the same site and norm are not flat: they move the answers too. The grey "
    "band holds 95 % of them, and an effect means something only outside it."
)
ORDERS = (
    "Every question is asked in both option orders, and the two are averaged. So a preference for "
    "the letter A or B cannot pass for a behaviour."
)
ONE_ORDER = (
    "Each question was asked in one order only: a preference for a letter looks like the "
    "behaviour. Look at '% choosing A' beside every effect."
)
BEST_OF_MANY = (
    "The best of many vectors and scales looks large by luck alone. 'beyond the best of N random' "
    "says two things. None of the N random vectors of its site and norm, each at its best scale, "
    "reaches it. And the best of all cells of this run would not get so far by chance (p below "
    "0.05). 'beyond random' holds only for a vector named before the run."
)
VIEW = "Scales, part, and what is drawn beside the violins."
CHANGE = (
    "Each question is compared with itself at scale 0. White bars: 95 % bootstrap interval of the "
    "mean; questions that repeat each other are drawn together."
)
PART = (
    "Content: what the model prefers whichever letter it stands at. Letter: what it prefers "
    "whatever stands there, logit A \u2212 logit B. As given and Swapped: one order alone, which "
    "holds both."
)
CHOOSING_A = (
    "Share of the asked orders answered with the letter A. With both orders it is 50 % for a model "
    "without a preference for a letter, whatever it prefers."
)
FLIPS = (
    "Questions whose answer, both orders averaged, came to show the behaviour (+) or ceased to "
    "(\u2212), against scale 0. p: exact McNemar test."
)
CORRECTED = (
    "The cosine over the largest that two vectors this noisy can show. It holds where their noise "
    "is independent: pairs or prompts that both share make it too large, up to 1.00 for a true .5."
)
ONLY_CONTROLS = "This run measured no vector, only random controls or the unsteered model."
HELD_OUT = (
    "One half of the questions chooses the scale and sign, the other half reports, with its 95 % "
    "interval. It is free of luck in the questions, but not of the choice among many vectors: the "
    "badge is."
)
SLOPE = (
    "Mean over questions of the least-squares slope of the logit difference on the scale. The "
    "other way: share of questions whose slope has the other sign. rank: mean over questions of "
    "the Spearman correlation with the scale."
)
USABLE = (
    "Scales around 0 between which every measured scale keeps the budget. On neutral prompts KL is "
    "at most 0.1 and perplexity at most 1.5 times the unsteered. At most a quarter of texts is "
    "repetitive or unreadable; answer mass is at least 0.5, and differences are at least half as "
    "wide."
)
NO_COSTS = (
    "KL and coherence were not measured in this run, so no usable range is given. "
    "Evaluate with side effects for the rest."
)
FLAGS = {
    "no-op": "no logit moved",
    "broken": "broken: undefined logits, little answer mass, or all answers alike",
    "letter-only": "only the letter moved",
    "beyond": "beyond 95 % of random vectors",
}
"""Flags of a cell, as `engine.statistics.flips` names them."""
LIKELIHOOD_FLAGS = {
    "no-op": "no log p moved",
    "broken": "broken: undefined log p, or all answers alike",
    "beyond": FLAGS["beyond"],
}
"""The same where written answers were read."""
FLAG_MARKS = {"no-op": "\u2205", "broken": "\u2715", "letter-only": "AB"}
"""How a flag is drawn in a cell of the overview."""
NO_CONTROLS = (
    "This run has no random controls, so nothing says which effects are more than chance. "
    "Evaluate again with controls."
)
NOTHING_MOVED = (
    "Nothing moved: at every scale the answers are those of the unsteered model. The vectors may "
    "be too short for this model: try larger scales or relative ones."
)
NOTHING_CHANGED = (
    "Nothing moved: at every scale the answers are those of the unsteered model. No state was "
    "beyond the target, or the condition never held: choose another target or level."
)
"""The same where an operation may rightly leave states alone."""
PINNED = "\u25c6"
"""Stands for the pinned vector in tables and charts."""

WORDS = {"control": "Random controls", "baseline": "Unsteered"}
"""What rows of a sweep are called that no finder made."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$~:])")


def method(name: str) -> str:
    """The method's name on screen."""
    known = registry.titled(name) or WORDS.get(name)
    return known or name.replace("-", " ").capitalize()


def about_method(name: str) -> str:
    """What a finder does, in a sentence; empty for a method that is not known."""
    known = registry.find_run(name)
    return known.config.about if known is not None else ""


def plain(text: str) -> str:
    """Text of unknown origin made safe for a Markdown label: every special sign escaped."""
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def scale(value: float, relative: bool = False) -> str:
    """A scale as written on an axis: "+10", "0", "-0.5×"."""
    if value == 0:
        return "0"
    return f"{value:+g}".replace("-", "\u2212") + ("×" if relative else "")


def strength(value: float, how: Steered) -> str:
    """A scale in a sentence, with the operation that it is of: "+10", "-0.5×", "set +0.5"."""
    written = scale(value, how.is_relative)
    return written if how.adds or value == 0 else f"{how.operation} {written}"


NOTHING = "\u2013"
"""Stands where a figure would be that was computed of nothing."""


def figure(value: float | None, shown: str = "{:.0%}") -> str:
    """A figure in a format; `NOTHING` where there is none."""
    known = value is not None and math.isfinite(value)
    return shown.format(value).replace("-", "\u2212") if known else NOTHING


def span(
    low: float | None, high: float | None, write: Callable[[float | None], str] = figure
) -> str:
    """Two figures as a range; `NOTHING` where one is missing."""
    ends = write(low), write(high)
    return NOTHING if NOTHING in ends else f"{ends[0]} to {ends[1]}"


def number(value: float | None) -> str:
    """A signed figure with a true minus: "−3.66", "+0.0056"; `NOTHING` where there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:+.2f}" if value == 0 or abs(value) >= 0.095 else f"{value:+.2g}"
    return text.replace("-", "\u2212")


def flips(gained: float | None, lost: float | None) -> str:
    """Answers that came to show the behaviour and that ceased to: "+3 −1"."""
    if figure(gained) == NOTHING or figure(lost) == NOTHING:
        return NOTHING
    return f"+{gained:.0f} \u2212{lost:.0f}"


def p(value: float | None) -> str:
    """A p value in words: "p = 0.013", "p < 0.001"."""
    if value is None or value != value:
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 vector", "3 vectors"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def seconds(value: float | None) -> str:
    """A duration in words: "40 s", "3 min", "1 h 20 min"."""
    if value is None:
        return "unknown time"
    if value < 90:
        return f"{max(value, 1):.0f} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def reading(config: Mapping[str, Any]) -> str:
    """How answers were read, in the sentences that are true of this evaluation."""
    if not readings.of_config(config).has_letters:
        return LIKELIHOOD
    return f"{PROXY} {ORDERS if config.get('orders', 'both') == 'both' else ONE_ORDER}"


def flag(name: str, config: Mapping[str, Any]) -> str:
    """What a flag of a cell says of this evaluation."""
    return FLAGS[name] if readings.of_config(config).has_letters else LIKELIHOOD_FLAGS[name]


def flags(config: Mapping[str, Any]) -> str:
    """The marks of an overview's cells with what each says."""
    known = FLAGS if readings.of_config(config).has_letters else LIKELIHOOD_FLAGS
    marks = ((mark, known[name]) for name, mark in FLAG_MARKS.items() if name in known)
    return " \u00b7 ".join(f"{mark} {words}" for mark, words in marks)


def nothing_moved(how: Steered) -> str:
    """What to say of a run in which no answer moved."""
    if how.may_rest:
        return NOTHING_CHANGED
    return NOTHING_MOVED if how.adds else NOTHING_MOVED.partition(" The vectors")[0]


def age(created: str) -> str:
    """How long ago a UTC time was, in words."""
    try:
        then = datetime.fromisoformat(created)
    except ValueError:
        return created
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    past = (datetime.now(UTC) - then).total_seconds()
    if past < 90:
        return "just now"
    if past < 5400:
        return f"{past / 60:.0f} min ago"
    return f"{past / 3600:.0f} h ago" if past < 129600 else f"{then:%d %b %Y}"
