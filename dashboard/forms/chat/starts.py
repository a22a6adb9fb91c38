"""What a conversation begins with: a vector that is known to steer, at a strength that is known.

Studies and searches say which vector that is. Knows nothing of conversations.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.forms import configurations, grid, interventions, links
from dashboard.forms.chat import drafts
from dashboard.forms.chat.drafts import STEERED, UNSTEERED, Draft
from dashboard.forms.configurations import Choice
from dashboard.session import pinned, resources
from dashboard.widgets import searches
from engine.configs.behaviours import BehaviourConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import ModelConfig
from engine.errors import ConfigError

MOST_MESSAGES = 3
MESSAGES = "data/prompts/sentiment.txt"
"""Everyday prompts, where no study names its own."""
FIRST = "Describe the room you are sitting in."
"""Where the file has it: what the README's figures were measured on."""


class Start(NamedTuple):
    """A vector with settings that somebody measured."""

    reference: str
    fields: dict[str, Any]
    """Of its chip."""
    words: str
    """Who chose them."""
    file: str | None = None
    """Of prompts that they were tried on."""


def known(model: ModelConfig, options: Mapping[str, Choice]) -> dict[str, Start]:
    """By vector: what studies chose, then what searches found, newest first."""
    found: dict[str, Start] = {}
    for one in (*_studied(model), *_searched(model)):
        if one.reference in options:
            found.setdefault(one.reference, one)
    return found


def _studied(model: ModelConfig) -> list[Start]:
    """The chosen cell of every study of two poles on this model."""
    found = []
    for info in searches.stored(BehaviourConfig.method, model):
        record = resources.study(info.digest)
        chosen = record["chosen"]
        found.append(
            Start(
                f"{record['vectors'][0]}:{chosen['index']}",
                {"scale": float(chosen["scale"])},
                str(record["title"]).lower(),
                record["config"].get("prompts"),
            )
        )
    return found


def _searched(model: ModelConfig) -> list[Start]:
    """What searches found of one vector for the base model."""
    found = []
    for info in searches.stored(SuggestConfig.method, model):
        use = resources.study(info.digest)["use"]
        if use is None or use["adapter"] or len(use["blend"]) != 1:
            continue
        column = configurations.fields({**use, "name": ""})
        fields = {name: column[name] for name in drafts.CHIP if name in column}
        part = use["blend"][0]
        # A figure of three digits is as good, and can be read.
        fields["scale"] = float(f"{column['scale'] * part['weight']:.3g}")
        del fields["vector"]
        words = "the search"
        found.append(Start(f"{part['digest']}:{part['index']}", fields, words))
    return found


def led(options: dict[str, Choice], measured: Mapping[str, Start]) -> dict[str, Choice]:
    """The same with the best known first, each with who chose it; then current and pinned."""
    ordered = configurations.led(options, pinned.reference(), pinned.current())
    first = {}
    for name, one in measured.items():
        first[name] = ordered[name]._replace(words=f"{ordered[name].words} · {one.words}")
    return first | {name: one for name, one in ordered.items() if name not in first}


def chip(reference: str, options: Mapping[str, Choice], measured: Mapping[str, Start]) -> Draft:
    """A chip of a vector at the strength that is known of it, or at a usual one."""
    start = measured.get(reference)
    if start is not None:
        return drafts.chip(reference, **start.fields)
    usual = configurations.start(options[reference]) if reference in options else {}
    return drafts.chip(reference, **usual)


def panes(
    options: Mapping[str, Choice],
    measured: Mapping[str, Start],
    asked: Mapping[str, str | None] | None = None,
) -> list[Draft]:
    """Unsteered beside steered, by the vector of a link, else the current, else the best known.

    Args:
        options: The vectors that fit.
        measured: What is known of some.
        asked: A link's `v`, `scale`, `unit` and the words of `links`.

    Raises:
        ConfigError: If the link's condition means nothing.
    """
    told = asked or {}
    wanted = (told.get("v"), pinned.current(), *measured, pinned.reference())
    reference = next((one for one in wanted if one in options), next(iter(options), None))
    plain = drafts.pane(UNSTEERED)
    if reference is None:
        return [plain]
    first = chip(reference, options, measured)
    if told.get("v") == reference:
        first |= _told(told)
    return [plain, drafts.pane(STEERED, [first])]


def _told(asked: Mapping[str, str | None]) -> dict[str, Any]:
    """The fields that a link sets."""
    how = interventions.of_config(links.settings(asked))
    usual = interventions.EMPTY
    fields = {n: how[n] for n in how if n in drafts.CHIP and how[n] != usual[n]}
    scale = configurations.number(asked.get("scale"))
    if asked.get("scale") and scale is None:
        raise ConfigError(f"The link's scale {asked['scale']!r} is no number.")
    if scale is not None:
        unit = "relative" if asked.get("unit") == "relative" else "absolute"
        # What a study found for another operation does not hold for this one.
        fields = {"operation": "add", **fields, "scale": scale, "scale_unit": unit}
    return fields


def messages(measured: Mapping[str, Start], model: ModelConfig) -> list[str]:
    """A few first messages: of the study whose vector leads, else held-out or everyday ones."""
    root = Path(resources.engine().root)
    named = [one.file for one in measured.values() if one.file]
    if not named and model.model == "demo":
        return grid.examples(str(root))[1 : MOST_MESSAGES + 1]
    lines = _lines(root / (named or [MESSAGES])[0])
    first = [FIRST] if FIRST in lines else []
    return [*first, *(one for one in lines if one not in first)][:MOST_MESSAGES]


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
