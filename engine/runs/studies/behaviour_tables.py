"""The tables of a behaviour's study: which cell is chosen, how likely pairs are, what texts say.

Swing is the figure at plus a scale less that at minus it: what a vector does in both directions.
Every table stands beside the same figure of random vectors, or says that there are none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from engine.maths.intervals import bootstrap_mean, wilson
from engine.runs.studies.randoms import p_value
from engine.runs.studies.records import plain
from engine.statistics.cells import BASELINE, CONTROL

FIGURES = {
    "difference": "difference",
    "positive": ("logp_behaviour", "tokens_behaviour"),
    "negative": ("logp_other", "tokens_other"),
}
"""What is read of a row: per token, the difference of both answers and each of them."""


@dataclass(frozen=True)
class Chosen:
    """Where the study steers."""

    index: int
    block: int
    scale: float


class Column(NamedTuple):
    """A configuration of the grid of texts."""

    name: str
    scale: float
    """With its sign; 0 is unsteered."""
    control: int | None = None
    """Which random vector; None is the study's own."""


def choice_rows(frame: pd.DataFrame, blocks: Sequence[int], most_loss: float) -> list[dict]:
    """Every vector at every scale: what it moves in both signs, and what answers lose.

    Args:
        frame: Rows of the sweep that chooses; its vectors are indices of `blocks`.
        blocks: Block of each vector.
        most_loss: Nats a token that a pole's own answers may lose.

    Returns:
        index, block, scale; change_up and change_down (of the mean difference, towards each sign);
        swing (the first less the second); loss (the larger loss of the answers that are
        favoured); is_sound.
    """
    means = _means(frame)
    base = means.loc[(BASELINE, -1, 0.0)]
    steered = means.drop(BASELINE, level="vector_set")
    rows = []
    for (_, index), group in steered.groupby(["vector_set", "vector"], sort=True):
        at = group.droplevel(["vector_set", "vector"])
        for scale in sorted(value for value in at.index if value > 0):
            up, down = at.loc[scale], at.loc[-scale]
            loss = max(base["positive"] - up["positive"], base["negative"] - down["negative"])
            rows.append(
                {
                    "index": int(index),
                    "block": int(blocks[index]),
                    "scale": float(scale),
                    "change_up": plain(up["difference"] - base["difference"]),
                    "change_down": plain(down["difference"] - base["difference"]),
                    "swing": plain(up["difference"] - down["difference"]),
                    "loss": plain(loss),
                    "is_sound": bool(loss <= most_loss),
                }
            )
    return rows


def _means(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean over questions of each of `FIGURES`, by vector_set, vector and scale."""
    figures = {"difference": frame["difference"].astype(float)}
    for name in ("positive", "negative"):
        total, tokens = FIGURES[name]
        figures[name] = frame[total].astype(float) / frame[tokens]
    table = frame[["vector_set", "vector", "scale"]].assign(**figures)
    # An undefined log p makes its cell undefined: left out, the mean would be of other questions.
    groups = table.groupby(["vector_set", "vector", "scale"], observed=True)
    return groups.mean(numeric_only=True, skipna=False)


def chosen_cell(rows: Sequence[dict[str, Any]]) -> Chosen | None:
    """The sound cell with the largest swing; of none that is sound, the one that loses least."""
    known = [row for row in rows if row["swing"] is not None and row["loss"] is not None]
    if not known:
        return None
    sound = [row for row in known if row["is_sound"]]
    if sound:
        best = max(sound, key=lambda row: (row["swing"], -row["scale"], -row["block"]))
    else:
        best = min(known, key=lambda row: (row["loss"], row["scale"], row["block"]))
    return Chosen(best["index"], best["block"], best["scale"])


def likelihood_rows(frame: pd.DataFrame, scale: float, seed: int) -> list[dict[str, Any]]:
    """The chosen vector at both signs, and its swing, on pairs with no part in the choice.

    Args:
        frame: Rows of the sweep that reports: one vector and its random ones at plus and minus
            `scale`.
        scale: Its size.
        seed: Of the bootstrap.

    Returns:
        Three rows. at ("+", "-" or "swing"), scale, relative; n; rate, rate_low, rate_high (share
        of pairs whose positive answer is likelier, with Wilson's interval) and base_rate, for the
        signs; change, change_low, change_high (of the mean difference in nats a token, with a
        bootstrap over pairs); random_low, random_high (2.5th and 97.5th percentile of the random
        vectors' change); p (two-sided, among theirs) and controls.
    """
    wide = frame.pivot(
        index="question", columns=["vector_set", "vector", "scale"], values="difference"
    ).astype(float)
    base = wide[BASELINE].iloc[:, 0]
    own = next(name for name in frame["vector_set"].unique() if name not in (BASELINE, CONTROL))
    steered = wide[own].droplevel("vector", axis=1)
    relative = frame[frame["vector_set"] == own].groupby("scale")["relative"].mean()
    random = _by_control(wide)
    rows = []
    for at, sign in (("+", 1.0), ("-", -1.0)):
        here = steered[sign * scale]
        null = [(one[sign * scale] - base).mean() for one in random]
        told = {"scale": sign * scale, "relative": plain(relative[sign * scale])}
        rows.append({"at": at, **told, **_rates(here, base), **_moved(here - base, null, seed)})
    swing = steered[scale] - steered[-scale]
    null = [(one[scale] - one[-scale]).mean() for one in random]
    told = {"scale": scale, "relative": plain(relative[scale]), "n": int(swing.notna().sum())}
    return [*rows, {"at": "swing", **told, **_moved(swing, null, seed)}]


def _by_control(wide: pd.DataFrame) -> list[pd.DataFrame]:
    """Questions x scales of each random vector."""
    if CONTROL not in wide.columns.get_level_values("vector_set"):
        return []
    controls = wide[CONTROL]
    return [controls[number] for number in controls.columns.unique("vector")]


def _rates(steered: pd.Series, base: pd.Series) -> dict[str, Any]:
    """Share of the pairs whose positive answer is likelier; equal ones count as halves."""
    n = int(steered.notna().sum())
    count = float((np.sign(steered.dropna()) / 2 + 0.5).sum())
    low, high = wilson(count, n)
    return {
        "n": n,
        "rate": count / n if n else None,
        "rate_low": plain(float(low)),
        "rate_high": plain(float(high)),
        "base_rate": plain((np.sign(base.dropna()) / 2 + 0.5).mean()),
    }


def _moved(changes: pd.Series, null: Sequence[float], seed: int) -> dict[str, Any]:
    """Mean change with its interval, beside those of random vectors."""
    low, high = bootstrap_mean(changes.to_numpy(float)[:, None], seed=seed)
    change = float(changes.mean())
    return {
        "change": plain(change),
        "change_low": plain(np.asarray(low)[0]),
        "change_high": plain(np.asarray(high)[0]),
        **beside(change, null),
    }


def beside(figure: float, null: Sequence[float], base: float = 0.0) -> dict[str, Any]:
    """A figure among those of random vectors.

    Returns:
        random_low, random_high: 2.5th and 97.5th percentile of theirs; p: two-sided, of the
        distance from `base`, by ranks; controls: how many they are.
    """
    known = [float(value) for value in null if math.isfinite(value)]
    low, high = np.percentile(known, [2.5, 97.5]) if known else (math.nan, math.nan)
    tested = p_value(abs(figure - base), [abs(value - base) for value in known])
    p = tested["p"] if math.isfinite(figure - base) else None
    return {"random_low": plain(low), "random_high": plain(high), **tested, "p": p}


def text_rows(
    frame: pd.DataFrame, columns: Sequence[Column], labels: Sequence[str], judge: str, pole: str
) -> list[dict[str, Any]]:
    """What one judge says of the texts at every scale, and their swing.

    Args:
        frame: Rows of the grid.
        columns: Its configurations.
        labels: The judge's, one a row of `frame`.
        judge: Its name.
        pole: The label that is counted; other labels of texts are the other pole, "broken" or "".

    Returns:
        judge, at, scale, texts, judged (those with one of both poles), share (of the pole among
        them), low, high (Wilson); and where random vectors were written: random_low, random_high
        (of their shares), p (two-sided, of the change from the unsteered share) and controls.
        The last row, at "swing", is the share at plus the chosen scale less that at minus it.
    """
    named = frame.assign(label=list(labels)).groupby("configuration")["label"]
    counts = {name: _counted(group, pole) for name, group in named}
    own = {one.scale: counts[one.name] for one in columns if one.control is None}
    base = _share(own[0.0])
    random: dict[float, dict[int, float]] = {}
    for one in columns:
        if one.control is not None:
            random.setdefault(one.scale, {})[one.control] = _share(counts[one.name])
    rows = []
    for scale, (texts, judged, count) in sorted(own.items()):
        low, high = wilson(count, judged)
        row = {
            "judge": judge,
            "at": f"{scale:+g}" if scale else "0",
            "scale": scale,
            "texts": texts,
            "judged": judged,
            "share": plain(_share((texts, judged, count))),
            "low": plain(float(low)),
            "high": plain(float(high)),
        }
        shares = list(random.get(scale, {}).values())
        rows.append(row | beside(_share(own[scale]), shares, base))
    return [*rows, *_swing(own, random, judge)]


def _counted(labels: pd.Series, pole: str) -> tuple[int, int, int]:
    """Texts, those with a pole, those with this one."""
    judged = labels[~labels.isin(["", "broken"])]
    return len(labels), len(judged), int((judged == pole).sum())


def _share(counted: tuple[int, int, int]) -> float:
    _, judged, count = counted
    return count / judged if judged else math.nan


def _swing(
    own: Mapping[float, tuple[int, int, int]],
    random: Mapping[float, Mapping[int, float]],
    judge: str,
) -> list[dict[str, Any]]:
    """The row of the scale beside which random vectors were written; none without them."""
    scale = max(random, default=0.0)
    if scale == 0 or -scale not in random:
        return []
    up, down = own[scale], own[-scale]
    change = _share(up) - _share(down)
    null = [random[scale][i] - random[-scale][i] for i in random[scale]]
    low, high = _newcombe(up, down)
    told = {"judge": judge, "at": "swing", "scale": scale, "texts": up[0] + down[0]}
    told |= {"judged": up[1] + down[1], "share": plain(change), "low": low, "high": high}
    return [told | beside(change, null)]


def _newcombe(
    up: tuple[int, int, int], down: tuple[int, int, int]
) -> tuple[float | None, float | None]:
    """95 % interval of the difference of two shares from their Wilson intervals.

    Newcombe 1998, Statistics in Medicine 17, 873-890, method 10. It takes the texts of both signs
    for independent, though they answer the same prompts.
    """
    first, second = _share(up), _share(down)
    low_1, high_1 = wilson(up[2], up[1])
    low_2, high_2 = wilson(down[2], down[1])
    low = first - second - math.hypot(first - low_1, high_2 - second)
    high = first - second + math.hypot(high_1 - first, second - low_2)
    return plain(float(low)), plain(float(high))


def fluency_rows(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    effects: Mapping[str, Mapping[str, float]],
    most_repetition: float,
    least_logprob: float,
) -> list[dict[str, Any]]:
    """Whether texts hold together at every scale, and what steering does on neutral prompts.

    A text is broken if more than `most_repetition` of its 3-grams are repeats, or if its mean log
    p under the unsteered model lies below `least_logprob`, in nats a token.

    Returns:
        scale, texts, broken, broken_low, broken_high (share, Wilson), repetition, mean_logprob,
        kl, neutral_perplexity, relative; random_broken (of all their texts) and random_kl (the
        largest), where random vectors were written.
    """
    is_broken = (frame["repetition"] > most_repetition) | (frame["mean_logprob"] < least_logprob)
    figures = frame.assign(is_broken=is_broken).groupby("configuration")
    broken, texts = figures["is_broken"].sum(), figures["is_broken"].size()
    means = figures[["repetition", "mean_logprob"]].mean()
    rows = []
    for one in sorted((c for c in columns if c.control is None), key=lambda c: c.scale):
        low, high = wilson(int(broken[one.name]), int(texts[one.name]))
        null = [c.name for c in columns if c.control is not None and c.scale == one.scale]
        kls = [effects[name]["kl"] for name in null if "kl" in effects[name]]
        side = effects[one.name]
        rows.append(
            {
                "scale": one.scale,
                "texts": int(texts[one.name]),
                "broken": float(broken[one.name] / texts[one.name]),
                "broken_low": plain(float(low)),
                "broken_high": plain(float(high)),
                **{name: plain(value) for name, value in means.loc[one.name].items()},
                **{
                    name: plain(side.get(name)) for name in ("kl", "neutral_perplexity", "relative")
                },
                "random_broken": (float(broken[null].sum() / texts[null].sum()) if null else None),
                "random_kl": plain(max(kls, default=None)),
            }
        )
    return rows
