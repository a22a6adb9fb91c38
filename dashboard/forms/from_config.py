"""Forms that fill a config: one field per setting of its class. Knows nothing of what runs it.

A new finder needs no new form: its fields, their types and defaults are read off its config.
"""

import dataclasses
from typing import Any, Literal, get_args, get_origin, get_type_hints

import streamlit as st

from dashboard.forms import adaptive, planning
from dashboard.session import resources
from dashboard.words import captions
from engine.configs import registry
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.core import (
    STUDY_PROMPT,
    STUDY_SCALES,
    STUDY_SYSTEM,
    ModelConfig,
    PromptsConfig,
    RandomKind,
    VectorRef,
)
from engine.configs.finders import FinderConfig, SourceConfig
from engine.configs.studies import RELATIVE_SCALES
from engine.configs.sweeps import EvaluateConfig, knowledge_of
from engine.errors import ConfigError

FINDERS: dict[str, type[FinderConfig]] = {
    method: kind for method, kind in registry.finders().items() if issubclass(kind, SourceConfig)
}

STUDY_QUESTIONS = "data/questions/survival.jsonl"

LABELS = {
    "source_layer": "Source layer",
    "target_layer": "Target layer",
    "vectors": "Vectors",
    "steps": "Steps",
    "iterations": "Iterations",
    "variant": "Variant",
    "seed": "Seed",
    "tokens": "Target tokens",
    "norm": "Norm",
    "tolerance": "Tolerance",
}
RARE = ("tokens", "norm", "tolerance")
"""Settings kept out of the way, though a reader may need them."""
HELP = {
    "source_layer": "The vectors are added to the output of this block. Blocks count from 0.",
    "target_layer": "The change is read at the output of this block.",
    "vectors": "How many vectors to find.",
    "norm": "The length every stored vector gets. Scales multiply it.",
    "tokens": "How many of the prompt's last tokens are read at the target.",
    "steps": "Gradient steps of the search.",
    "iterations": "Multiplications by the squared Jacobian, at most.",
    "tolerance": "Stop as soon as every vector is this close to a true singular vector.",
    "variant": "\n\n".join(
        [
            *(f"**{name}** {words}" for name, words in captions.VARIANTS.items()),
            captions.ABOUT_VARIANTS,
        ]
    ),
    "seed": "The same settings and seed give the same vectors.",
}


def finder(method: str, model: ModelConfig) -> FinderConfig | None:
    """Draw the settings of one method; None, with the reason on screen, if they cannot work."""
    kind = FINDERS[method]
    fields = {field.name: field for field in dataclasses.fields(kind)}
    given: dict[str, Any] = {"model": model}
    system: str | None = None
    if "prompts" in fields:
        text = _prompt(method)
    first = [name for name in LABELS if name in fields and name not in RARE]
    given |= _fields(kind, [fields[name] for name in first], method, model)
    rest = [f for name, f in fields.items() if name not in ("model", "prompts", *first)]
    with st.expander("More settings", icon=":material/tune:"):
        if "prompts" in fields:
            system = _system(method)
        given |= _fields(kind, rest, method, model)
    try:
        if "prompts" in fields:
            given["prompts"] = PromptsConfig(prompts=text, system=system)
        return kind(**given)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None


def _prompt(method: str) -> tuple[str, ...]:
    several = method != "melbo"
    text = st.text_area(
        "Prompts, one per line" if several else "Prompt",
        value=STUDY_PROMPT,
        height=68,
        key=f"{method}_prompts",
        persist_state="session",
        help="What the model is asked while vectors are sought. The study used a single one.",
    )
    lines = (text or "").splitlines() if several else [text or ""]
    return tuple(line.strip() for line in lines if line.strip())


def _system(method: str) -> str | None:
    text = st.text_input(
        "System prompt",
        value=STUDY_SYSTEM,
        key=f"{method}_system",
        persist_state="session",
        help="Leave empty to send none.",
    )
    return text or None


def _fields(
    kind: type[FinderConfig],
    fields: list[dataclasses.Field[Any]],
    method: str,
    model: ModelConfig,
) -> dict[str, Any]:
    """One widget per field, in two columns."""
    given: dict[str, Any] = {}
    for start in range(0, len(fields), 2):
        columns = st.columns(2, wrap=False)
        for place, field in zip(columns, fields[start : start + 2], strict=False):
            key = f"find_{method}_{field.name}"
            given[field.name] = _field(kind, field, place, key, model)
    return given


def first_value(field: dataclasses.Field[Any], model: ModelConfig) -> Any:
    """The study's value of a setting, with layers moved to where this model has them."""
    if field.name in ("source_layer", "target_layer"):
        return resources.layers(model)[field.name == "target_layer"]
    return field.default


def _field(
    kind: type[FinderConfig],
    field: dataclasses.Field[Any],
    place: Any,
    key: str,
    model: ModelConfig,
) -> Any:
    hint = get_type_hints(kind)[field.name]
    value = first_value(field, model)
    common = {
        "label": LABELS.get(field.name, field.name.replace("_", " ").capitalize()),
        "help": HELP.get(field.name),
        "key": key,
        "persist_state": "session",
    }
    if get_origin(hint) is Literal:
        options = list(get_args(hint))
        return place.selectbox(options=options, index=options.index(value), **common)
    if hint is int:
        return place.number_input(value=int(value), min_value=0, step=1, **common)
    if hint is float:
        shown = "%.0e" if 0 < value < 0.01 else "%.2f"
        return float(place.number_input(value=float(value), format=shown, **common))
    return place.text_input(value=value or "", **common) or None


def evaluation(
    refs: tuple[VectorRef, ...], model: ModelConfig
) -> EvaluateConfig | AdaptiveConfig | None:
    """Draw the settings of an A/B sweep; None, with the reason on screen, if they cannot work."""
    is_adaptive = adaptive.is_wanted()
    files = resources.question_files()
    questions = st.selectbox(
        "Questions",
        files,
        index=files.index(STUDY_QUESTIONS) if STUDY_QUESTIONS in files else 0,
        key="ab_questions",
        accept_new_options=True,
        help="A file of A/B questions. Type a path to use your own.",
    )
    behaviour = st.selectbox(
        "Behaviour",
        resources.behaviours(str(questions or "")),
        key=f"ab_behaviour_{questions}",
        accept_new_options=True,
        help="The behaviour whose answer counts as positive.",
    )
    given = _sweep_settings(model, with_controls=not is_adaptive)
    given |= {} if is_adaptive else _side_effects(model)
    choice = adaptive.settings() if is_adaptive else {}
    try:
        given["scales"] = scales(given["scales"], given["scale_unit"] == "relative")
        config = EvaluateConfig(
            model=model, vectors=refs, questions=str(questions), behaviour=str(behaviour), **given
        )
        if is_adaptive:
            return AdaptiveConfig.of(config, **choice)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None
    planning.draw(config)
    return config


def _sweep_settings(model: ModelConfig, with_controls: bool = True) -> dict[str, Any]:
    unit = st.segmented_control(
        "Scales are",
        ["absolute", "relative"],
        default="absolute" if model.model == "qwen3-14b" else "relative",
        required=True,
        key="ab_unit",
        help="relative: 1 adds as much as the median length of the residual stream there, so that "
        "models and layers compare. absolute: multiples of the stored vector.",
    )
    text = st.text_input(
        "Scales",
        key="ab_scales",
        placeholder=", ".join(f"{scale:g}" for scale in _usual(unit)),
        help="Left empty: the study's seven; relative ones are its own on Qwen3-14B, rescaled. "
        "0 is always asked.",
    )
    left, right = st.columns(2)
    most = left.number_input("Questions at most", min_value=1, value=100, step=10, key="ab_most")
    controls = _controls(right) if with_controls else {"controls": 0}
    both = st.toggle("Ask in both option orders", value=True, key="ab_both", help=captions.ORDERS)
    return {
        "scale_unit": unit,
        "scales": text,
        "max_questions": int(most),
        "orders": "both" if both else "as-given",
        **controls,
    }


def _controls(place: Any) -> dict[str, Any]:
    count = place.number_input(
        "Random controls",
        min_value=0,
        value=64,
        step=8,
        key="ab_controls",
        help="Random vectors of the same norm, measured in the same sweep. Fewer than 32 make the "
        "band unreliable.",
    )
    kind = st.segmented_control(
        "Their directions",
        list(get_args(RandomKind)),
        default="isotropic",
        required=True,
        key="ab_kind",
        help="isotropic: uniform on the sphere. covariance: spread as the residual stream is at "
        "the vectors' site, which moves answers more: the harder control.",
    )
    return {"controls": int(count), "control_kind": kind}


def _side_effects(model: ModelConfig) -> dict[str, Any]:
    wanted = st.toggle(
        "Measure side effects too",
        key="ab_side",
        help="For every vector at every scale: KL and perplexity on neutral prompts, the answers "
        "the model writes to some of the questions, and a small knowledge check. About as much "
        "work again as the questions.",
    )
    if not wanted:
        return {}
    return {"side_effects": True, "knowledge": knowledge_of(model.model)}


def _usual(unit: str | None) -> tuple[float, ...]:
    return RELATIVE_SCALES if unit == "relative" else STUDY_SCALES


def scales(text: str, relative: bool) -> tuple[float, ...]:
    """The scales written in a field, 0 always among them.

    Raises:
        ConfigError: If one is no number.
    """
    if not text.strip():
        return _usual("relative" if relative else "absolute")
    words = text.replace(";", ",").replace("\u2212", "-").replace(",", " ").split()
    try:
        values = {float(word) for word in words}
    except ValueError as error:
        raise ConfigError(
            f"The scales '{text}' are not all numbers: write them like -10, 0, 10."
        ) from error
    return tuple(sorted(values | {0.0}))
