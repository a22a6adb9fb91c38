"""The forms of a finder that starts from prompts, and of an A/B sweep.

A new finder needs no new form: its fields, their types and defaults are read off its config.
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard.forms import adaptive, configurations, fields, interventions
from dashboard.forms.finding import shared
from dashboard.forms.measuring import planning, strengths
from dashboard.session import resources, state
from dashboard.widgets.adding import asking, prompting
from dashboard.words import captions
from engine.configs import registry
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.core import (
    STUDY_PROMPT,
    STUDY_SYSTEM,
    ModelConfig,
    PromptsConfig,
    VectorRef,
)
from engine.configs.fields import Offered, offered
from engine.configs.finders import FinderConfig, SourceConfig
from engine.configs.sweeps import EvaluateConfig, knowledge_of, usual_scales
from engine.errors import ConfigError

SHARES = (
    "Shares of the way, 1 all of it. Below 0 the vector is turned round; with Ablate and Low-rank "
    "what is removed is strengthened. 0 is always asked."
)
LINES = "What the model is asked while vectors are sought. The study used a single one."


def finders() -> list[str]:
    """Methods that find vectors for one block."""
    known = registry.finders()
    return [method for method in known if issubclass(known[method], SourceConfig)]


def finder(method: str, model: ModelConfig) -> FinderConfig | None:
    """Draw the settings of one method; None, with the reason on screen, if they cannot work."""
    kind = registry.finders()[method]
    layers = dict(zip(("source_layer", "target_layer"), resources.layers(model), strict=True))
    has_prompts = any(one.name == "prompts" for one in offered(kind))

    def system() -> dict[str, Any]:
        return {"system": _system()} if has_prompts else {}

    if has_prompts:
        text = _prompts()
    keys = shared.keys(kind)
    given = fields.draw(kind, f"find_{method}_", layers, ("prompts",), system, keys)
    try:
        if has_prompts:
            given["prompts"] = PromptsConfig(prompts=text, system=given.pop("system"))
        return kind(model=model, **given)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None


def _prompts() -> tuple[str, ...]:
    text = st.text_area(
        "Prompts, one per line",
        value=STUDY_PROMPT,
        height=68,
        key=shared.PROMPTS,
        persist_state="session",
        help=LINES,
    )
    asking.button(shared.PROMPTS, ("prompts",), prompting.appends(shared.PROMPTS, STUDY_PROMPT))
    lines = tuple(line.strip() for line in (text or "").splitlines() if line.strip())
    if len(lines) > 1:
        st.caption(f"{len(lines)} prompts: the vectors are sought on all of them together.")
    return lines


def _system() -> str | None:
    text = st.text_input(
        "System prompt",
        value=STUDY_SYSTEM,
        key=shared.SYSTEM,
        persist_state="session",
        help="Leave empty to send none.",
    )
    return text or None


def evaluation(
    refs: tuple[VectorRef, ...], model: ModelConfig, owner: str = ""
) -> EvaluateConfig | AdaptiveConfig | None:
    """Draw the settings of an A/B sweep; None, with the reason on screen, if they cannot work.

    Args:
        refs: What is measured.
        model: The tab's.
        owner: Digest of the set that is looked at: another one begins with the usual scales.
    """
    is_adaptive = adaptive.is_wanted()
    known = {one.name: one for one in offered(EvaluateConfig)}
    given = questions("ab_")
    has_orders = given["reading"] == "letters"
    given |= _sweep_settings(model, known, owner, not is_adaptive, has_orders)
    if is_adaptive:
        choice = adaptive.settings()
    else:
        given |= _side_effects(model, known["side_effects"])
    held, vectors = given.pop("how"), configurations.known(configurations.choices(model))
    _further(held, vectors, model.adapter is not None)
    try:
        given |= interventions.settings(held.values, vectors, model.adapter is not None)
        relative = given["scale_unit"] == "relative"
        given["scales"] = scales(given["scales"], relative, given["operation"])
        config = EvaluateConfig(model=model, vectors=refs, **given)
        if is_adaptive:
            return AdaptiveConfig.of(config, **choice)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None
    planning.draw(config)
    return config


def questions(prefix: str) -> dict[str, Any]:
    """How answers are read, of which questions, and which behaviour counts.

    Written answers may come from pairs.
    """
    known = {one.name: one for one in offered(EvaluateConfig)}
    reading = fields.widget(known["reading"], f"{prefix}reading", "letters")
    told, key = known["questions"], f"{prefix}questions"
    if reading == "likelihood":
        told, key = replace(told, setting=replace(told.setting, file="pairs")), f"{prefix}answers"
    file = fields.widget(told, key, EvaluateConfig.questions)
    behaviour = _behaviour(known["behaviour"], file, reading, prefix)
    return {"reading": reading, "questions": file, "behaviour": behaviour}


def _behaviour(told: Offered, questions: str, reading: str, prefix: str) -> str:
    return str(
        st.selectbox(
            told.label,
            resources.behaviours(questions, reading),
            key=f"{prefix}behaviour_{questions}",
            persist_state="session",
            accept_new_options=True,
            help=told.about,
        )
    )


def _sweep_settings(
    model: ModelConfig,
    known: dict[str, Offered],
    owner: str,
    with_controls: bool,
    has_orders: bool,
) -> dict[str, Any]:
    first = "absolute" if model.model == "qwen3-14b" else "relative"
    held = _Held()
    operation = interventions.operation(held.ask)
    unit, adds = "absolute", operation == "add"
    if adds:
        unit = fields.widget(known["scale_unit"], state.of_model("ab_scale_unit"), first)
    text = _scales(known["scales"], owner, operation, unit == "relative")
    vectors = configurations.known(configurations.choices(model))
    interventions.target(held.ask, operation)
    interventions.plane(held.ask, operation, vectors)
    names = ["max_questions", *(["controls"] if with_controls else [])]
    given = fields.draw_fields([known[name] for name in names], "ab_")
    given |= {"scale_unit": unit, "scales": text, "how": held}
    if with_controls:
        kind = known["control_kind"]
        given["control_kind"] = fields.widget(kind, "ab_control_kind", kind.default)
    else:
        given["controls"] = 0
    if not has_orders:
        return given
    both = st.toggle(
        known["orders"].label,
        value=True,
        key="ab_orders",
        persist_state="session",
        help=captions.ORDERS,
    )
    return given | {"orders": "both" if both else "as-given"}


def _scales(told: Offered, owner: str, operation: str, relative: bool) -> str:
    adds = operation == "add"
    # Scales of adding mean nothing as shares of the way, and the other way round.
    key = state.of_model("ab_scales" if adds else "ab_shares")
    strengths.take(key, owner)
    text = st.text_input(
        told.label if adds else "Strengths",
        key=key,
        persist_state="session",
        placeholder=", ".join(f"{scale:g}" for scale in usual_scales(operation, relative)),
        help=told.about if adds else SHARES,
    )
    strengths.offer(key, owner)
    return text or ""


class _Held:
    """The fields of an intervention on this form, kept while the session lasts."""

    def __init__(self) -> None:
        self.values = {**interventions.EMPTY}

    def ask(self, name: str, widget: Any, label: str, *given: Any, **more: Any) -> Any:
        """Draw a widget and keep what it says; what was named and is gone is named no more."""
        key = f"ab_{name}"
        now = st.session_state.setdefault(key, self.values[name])
        if name in ("second", "gate") and now is not None and now not in given[0]:
            st.session_state[key] = None
        told = interventions.HELP.get(name)
        self.values[name] = widget(
            label, *given, key=key, help=told, persist_state="session", **more
        )
        return self.values[name]


def _further(held: _Held, vectors: dict[str, interventions.Known], has_adapter: bool) -> None:
    """Where, when and in which weights: mostly as usual."""
    with st.expander("Further settings", icon=":material/tune:"):
        interventions.where(held.ask)
        if has_adapter:
            interventions.dose(held.ask)
        interventions.gate(held.ask, vectors)
        if interventions.needs_usual(held.values):
            interventions.usual(held.ask)


def _side_effects(model: ModelConfig, told: Offered) -> dict[str, Any]:
    if not fields.widget(told, "ab_side_effects", False):
        return {}
    return {"side_effects": True, "knowledge": knowledge_of(model.model)}


def scales(text: str, relative: bool, operation: str = "add") -> tuple[float, ...]:
    """The scales written in a field, 0 always among them.

    Raises:
        ConfigError: If one is no number.
    """
    if not text.strip():
        return usual_scales(operation, relative)
    return tuple(sorted({*configurations.numbers(text, "scales", like="-10, 0, 10"), 0.0}))
