"""A grid of texts as columns with what each does, and as texts with what they show.

Draws nothing. Knows nothing of where grids are kept.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from dashboard.words import captions
from engine.configs import registry
from engine.maths.intervals import wilson
from engine.records import steered

UNSTEERED = "unsteered"
CONTROLS = "random vectors"
"""What all controls are called together: they stand in a grid by the hundred."""
NOBODY = "without your label"
"""Choice of the texts that no person has labelled."""
JUDGED, GIVEN = "judge: ", "you: "


def unsteered(config: Mapping[str, Any]) -> str:
    """Of a grid as JSON, the column that others are compared with: the first that is not steered.

    A rival that is merely asked is none.
    """
    names = [str(one["name"]) for one in config["configurations"]]
    for name, one in zip(names, config["configurations"], strict=True):
        is_still = one["scale"] == 0 or all(part["weight"] == 0 for part in one["blend"])
        if is_still and one.get("system") is None:
            return name
    return names[0]


class Facet(NamedTuple):
    """One column of a grid, by what tells it from the others."""

    place: int
    """In the grid, from 0."""
    name: str
    model: str
    vector: str
    strength: str
    is_control: bool


def facets(
    config: Mapping[str, Any],
    sets: Mapping[str, Mapping[str, Any]],
    called: Callable[[str], str],
) -> list[Facet]:
    """The columns of a grid, random controls last.

    Args:
        config: Of the grid, as JSON.
        sets: Its vector sets by digest: method, names.
        called: What a vector, as DIGEST:INDEX, is called on screen.
    """
    found = []
    for place, one in enumerate(config["configurations"]):
        parts = [p for p in one["blend"] if p["weight"] != 0 and one["scale"] != 0]
        is_control = bool(parts) and all(_is_control(sets.get(p["digest"], {})) for p in parts)
        names = [called(f"{part['digest']}:{part['index']}") for part in parts]
        vector = CONTROLS if is_control else " & ".join(names) or UNSTEERED
        how = steered.of_config(one)
        strength = captions.strength(float(one["scale"]), how) if parts else "0"
        name = str(one["name"])
        found.append(Facet(place, name, _model(one), vector, strength, is_control))
    return sorted(found, key=lambda one: one.is_control)


def _is_control(known: Mapping[str, Any]) -> bool:
    finder = registry.finders().get(str(known.get("method")))
    return finder is not None and finder.is_control


def _model(one: Mapping[str, Any]) -> str:
    adapter, dose = one["adapter"], one.get("dose")
    name = "base" if not adapter else "fine-tuned" if adapter is True else str(adapter)
    name += f" at {dose}" if adapter and dose is not None else ""
    return f"{name}, asked" if one.get("system") is not None else name


def filtered(
    columns: Sequence[Facet],
    vectors: Collection[str] = (),
    strengths: Collection[str] = (),
    models: Collection[str] = (),
) -> list[Facet]:
    """The columns that are of one of these vectors, strengths and models; none named is any."""
    return [
        one
        for one in columns
        if (not vectors or one.vector in vectors)
        and (not strengths or one.strength in strengths)
        and (not models or one.model in models)
    ]


def labels(frame: pd.DataFrame, given: Mapping[int, str]) -> list[str]:
    """What texts can be chosen by: the judge's labels, a person's, and having none of these."""
    known = sorted({str(one) for one in frame["label"] if one}) if "label" in frame else []
    own = sorted(set(given.values()))
    return [*(JUDGED + one for one in known), *(GIVEN + one for one in own), NOBODY]


def matching(
    frame: pd.DataFrame,
    names: Collection[str],
    chosen: Collection[str] = (),
    words: str = "",
    given: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """The texts of these columns that bear one of these labels and hold these words.

    Args:
        frame: Of the grid.
        names: Of the columns.
        chosen: Some of `labels`; none is any.
        words: Looked for in the texts, whatever their case; empty is any text.
        given: A person's labels, by row.
    """
    given = given or {}
    keep = frame["configuration"].isin(list(names))
    if words.strip():
        keep &= frame["text"].str.contains(words.strip(), case=False, regex=False)
    if chosen:
        judged = JUDGED + frame["label"].fillna("").astype(str)
        own = pd.Series([GIVEN + given.get(i, "") for i in frame.index], index=frame.index)
        free = (own == GIVEN) & (NOBODY in chosen)
        keep &= judged.isin(list(chosen)) | own.isin(list(chosen)) | free
    return frame[keep]


def summary(
    frame: pd.DataFrame, columns: Sequence[Facet], pole: str, given: Mapping[int, str]
) -> pd.DataFrame:
    """What the texts of each column show.

    Args:
        frame: The texts.
        columns: In this order.
        pole: The label that is counted.
        given: A person's labels, by row.

    Returns:
        A row a column: place, column, model, vector, strength, texts, judged, hits (of the pole,
        by the judge), low, high (95 % of their share, Wilson), own, own_hits (a person's labels),
        equal, both (labels of judge and person that are equal, and how many texts have both),
        broken, repetition, logprob (means).
    """
    own = pd.Series([given.get(i, "") for i in frame.index], index=frame.index, dtype=object)
    judged = frame["label"].fillna("").astype(str)
    told = pd.DataFrame(
        {
            "column": frame["configuration"],
            "texts": 1,
            "judged": judged != "",
            "hits": judged == pole,
            "broken": judged == "broken",
            "own": own != "",
            "own_hits": own == pole,
            "both": (own != "") & (judged != ""),
            "equal": (own != "") & (own == judged),
        }
    )
    counts = told.groupby("column", sort=False).sum()
    means = frame.groupby("configuration", sort=False)[["repetition", "mean_logprob"]].mean()
    means.columns = pd.Index(["repetition", "logprob"])
    table = pd.DataFrame(
        [(c.place, c.name, c.model, c.vector, c.strength) for c in columns],
        columns=["place", "column", "model", "vector", "strength"],
    )
    found = table.join(counts, on="column").join(means, on="column")
    found[list(counts)] = found[list(counts)].fillna(0).astype(int)
    bounds = wilson(found["hits"].to_numpy(), found["judged"].to_numpy())
    return found.assign(low=bounds.low, high=bounds.high)


def share(hits: int, of: int, label: str) -> str:
    """A count as it stands on a column: "2 of 3 deceptive"; empty where nothing was judged."""
    return f"{hits} of {of} {label}" if of else ""


def by_change(
    columns: Sequence[Facet], frame: pd.DataFrame, pole: str, baseline: str
) -> list[Facet]:
    """Columns by how far their share of a label lies from the unsteered one's, the farthest first.

    Random controls stay last; so does, among its like, what nobody judged.

    Args:
        columns: In any order.
        frame: The texts.
        pole: The label.
        baseline: Name of the unsteered column.
    """
    said = frame["label"].fillna("").astype(str)
    known = frame[said != ""].assign(is_pole=said == pole)
    shares = known.groupby("configuration")["is_pole"].mean().to_dict()
    usual = shares.get(baseline)

    def far(one: Facet) -> tuple[bool, float, int]:
        share = shares.get(one.name)
        distance = -1.0 if share is None or usual is None else abs(share - usual)
        return one.is_control, -distance, one.place

    return sorted(columns, key=far)
