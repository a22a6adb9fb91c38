"""Forms for the finders that compare states: contrastive and fine-tune difference."""

import dataclasses
from pathlib import Path
from typing import Any, get_args

import streamlit as st

from dashboard.forms import configurations
from dashboard.session import adapters, resources, state
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs import pairs as pair_configs
from engine.configs.core import ModelConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.errors import ConfigError

FAMILIES = ("contrastive", "finetune-diff")
ABOUT = {
    "contrastive": "What separates two poles of the same questions (deceptive from honest "
    "answers): one vector for every block, in one pass.",
    "finetune-diff": "What the adapter changes on the same tokens: mean of (adapter on − adapter "
    "off), one vector for every block, in one pass.",
}
POSITIONS = ("answer-mean", "last-prompt", "letter", "template", "template-2", "template-3")
HELP = {
    "file": "A file of question, honest and deceptive answer; or of A/B questions. Type a path to "
    "use your own.",
    "position": "At which tokens the states are read. Both families should use the same, or the "
    "cosine compares places instead of directions.",
    "contrast": "What differs between the poles. With answers alone, the system prompt cannot be "
    "mistaken for deception.",
    "estimator": "Mean difference; first principal direction of the pair differences; or the "
    "normal of a logistic regression.",
    "layers": "all, or blocks with commas: 3, 4, 5. Blocks count from 0.",
    "variant": "study: padding is read as text and the last position is taken, as the deception "
    "study did, to see how far that alone moves the result.",
    "shuffles": "Draws in which each pair's poles are exchanged by chance: a null, no finding. "
    "The map shows it as a band.",
}


def draw(model: ModelConfig, expanded: bool) -> None:
    """Both forms, in an expander."""
    label = "Find contrastive / fine-tune difference vectors"
    with st.expander(label, expanded=expanded, icon=":material/travel_explore:"):
        left, right = st.columns(2, gap="large")
        with left.container(key="form_contrastive"):
            _family("contrastive", model)
        with right.container(key="form_finetune"):
            _family("finetune-diff", model)


def _family(method: str, model: ModelConfig) -> None:
    st.markdown(f"**{captions.method(method)}**")
    st.caption(ABOUT[method])
    tuned = adapters.tuned(model)
    if method == "finetune-diff" and tuned is None:
        st.info(adapters.missing(model), icon=":material/power_off:")
        return
    config = _config(method, model, tuned)
    if config is not None:
        widgets.submit(f"Find {captions.method(method).lower()} vectors", config, f"find_{method}")


def _config(
    method: str, model: ModelConfig, tuned: ModelConfig | None
) -> ContrastiveConfig | FinetuneDiffConfig | None:
    """The config that the form says; None, with the reason on screen, if it cannot work."""
    given = _shared(method)
    try:
        given["layers"] = configurations.blocks(given["layers"], usual="all")
        if method == "contrastive":
            return ContrastiveConfig(model=model, **given)
        return FinetuneDiffConfig(model=tuned or model, **given)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None


def pair_files() -> list[str]:
    """Files of pairs and of A/B questions that come with the project."""
    root = Path(resources.engine().root)
    pairs = sorted((root / "data/pairs").glob("*.json*"))
    return [str(path.relative_to(root)) for path in pairs] + resources.question_files()


def _shared(method: str) -> dict[str, Any]:
    kind = ContrastiveConfig if method == "contrastive" else FinetuneDiffConfig
    first = {field.name: field.default for field in dataclasses.fields(kind)}
    name = "pairs" if method == "contrastive" else "prompts"
    files = pair_files()
    given: dict[str, Any] = {}
    given[name] = st.selectbox(
        "Pairs" if method == "contrastive" else "Prompts or pairs",
        files,
        index=files.index(first[name]) if first[name] in files else 0,
        key=f"{method}_file",
        accept_new_options=True,
        persist_state="session",
        help=HELP["file"],
    )
    columns = st.columns(2, wrap=False)
    with columns[0]:
        given["position"] = _choice(method, "position", list(POSITIONS), new=True)
    with columns[1]:
        given["layers"] = st.text_input(
            "Layers", "all", key=f"{method}_layers", persist_state="session", help=HELP["layers"]
        )
    with st.expander("More settings", icon=":material/tune:"):
        given |= _contrast() if method == "contrastive" else {}
        given |= _rest(method, first)
    return given


def _choice(method: str, name: str, options: list[str], new: bool = False) -> Any:
    return st.selectbox(
        name.capitalize(),
        options,
        key=f"{method}_{name}",
        accept_new_options=new,
        persist_state="session",
        help=HELP.get(name),
    )


def _contrast() -> dict[str, Any]:
    left, right = st.columns(2, wrap=False)
    with left:
        contrast = _choice("contrastive", "contrast", list(get_args(pair_configs.Contrast)))
    with right:
        estimator = _choice("contrastive", "estimator", list(get_args(pair_configs.Estimator)))
    given = {"contrast": contrast, "estimator": estimator}
    if contrast != "answers":
        for pole in ("positive", "negative"):
            name = f"{pole}_system"
            given[name] = st.text_area(
                f"System prompt, {pole} pole",
                getattr(ContrastiveConfig, name),
                height=90,
                key=f"contrastive_{name}",
                persist_state="session",
            )
    shuffles = st.number_input(
        "Shuffled-label draws",
        min_value=0,
        step=16,
        key="contrastive_shuffles",
        persist_state="session",
        help=HELP["shuffles"],
    )
    return given | {"shuffles": int(shuffles)}


def _rest(method: str, first: dict[str, Any]) -> dict[str, Any]:
    left, right = st.columns(2, wrap=False)
    with left:
        rows = st.number_input(
            "Rows at most",
            min_value=1,
            value=None,
            placeholder="all",
            key=f"{method}_rows",
            persist_state="session",
        )
        variant = _choice(method, "variant", list(get_args(pair_configs.Variant)))
    with right:
        seed = st.number_input(
            "Seed", min_value=0, value=0, key=f"{method}_seed", persist_state="session"
        )
        behaviour = st.text_input(
            "Behaviour",
            first["behaviour"],
            key=f"{method}_behaviour",
            persist_state="session",
            help="The positive answer of A/B questions. Files of two poles do not need it.",
        )
    system = st.text_input(
        "System prompt",
        first["system"],
        key=f"{method}_system_prompt",
        persist_state="session",
        help="Of rows that bring none. Leave empty to send none.",
    )
    negative = st.text_input(
        "File of the negative pole",
        key=f"{method}_negative",
        persist_state="session",
        placeholder="only where the poles lie in two files",
    )
    return {
        "max_rows": None if rows is None else int(rows),
        "variant": variant,
        "seed": int(seed),
        "behaviour": behaviour or first["behaviour"],
        "system": system or None,
        "negative": negative or None,
    }


def command(method: str, model: ModelConfig) -> str:
    """The command line that makes this family with the defaults."""
    adapter = ""
    if method == "finetune-diff":
        known = model.adapter or ("demo" if model.model == "demo" else "PATH")
        adapter = f" --adapter {known}"
    return f"python -m engine find {method} --model {model.model}{adapter}"


def follow() -> None:
    """Show what this session's last find has made, on its side of the map."""
    state.follow("_found_pair", "find", resources.engine().jobs)
    digest = st.session_state.pop("_found_pair", None)
    methods = {info.digest: info.method for info in resources.records("vectors")}
    sides = dict(zip(FAMILIES, ("a", "b"), strict=True))
    if methods.get(digest) in sides:
        st.session_state[sides[methods[digest]]] = digest
