"""Shapes of a violin plot, computed at once for all scales. Knows nothing of charts or files."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

POINTS = 64
HALF_WIDTH = 0.42
MOST_DOTS = 200
AT_ONCE = 2048
"""Values of a row in one step, so that many need little memory."""


class Violin(NamedTuple):
    """Frames that a violin chart draws; x is the position of a scale, 0, 1, 2..."""

    outlines: pd.DataFrame
    """scale, y, x0, x1"""
    dots: pd.DataFrame
    """scale, question, value, x"""
    boxes: pd.DataFrame
    """scale, x, low, middle, high, mean, n"""


def bandwidths(
    values: Float[np.ndarray, "scales questions"], independent: int | None = None
) -> Float[np.ndarray, " scales"]:
    """Silverman's bandwidth of every row, never zero; NaN is a missing value.

    Args:
        values: Of each row.
        independent: How many of a row's values are independent; None: all.
    """
    count = np.sum(~np.isnan(values), axis=1) if independent is None else independent
    low, high = np.nanpercentile(values, [25, 75], axis=1)
    spread = np.nanstd(values, axis=1)
    narrow = np.where(high > low, np.minimum(spread, (high - low) / 1.34), spread)
    reach = np.nanmax(np.abs(values)) + 1e-9
    return np.maximum(0.9 * narrow * count**-0.2, 1e-3 * reach)


def densities(
    values: Float[np.ndarray, "scales questions"], independent: int | None = None
) -> tuple[Float[np.ndarray, "scales points"], Float[np.ndarray, "scales points"]]:
    """Heights and half widths of every row's outline, the widest point at `HALF_WIDTH`."""
    width = bandwidths(values, independent)
    ends = np.nanmin(values, axis=1) - 2 * width, np.nanmax(values, axis=1) + 2 * width
    heights = np.linspace(*ends, POINTS, axis=1)
    density = np.zeros_like(heights)
    for part in np.array_split(values, -(-values.shape[1] // AT_ONCE), axis=1):
        distance = (heights[:, :, None] - part[:, None, :]) / width[:, None, None]
        density += np.nansum(np.exp(-0.5 * distance**2), axis=2)
    return heights, HALF_WIDTH * density / density.max(axis=1, keepdims=True)


def build(points: pd.DataFrame, scales: list[float]) -> Violin:
    """The violins of one vector; a scale without points keeps its place and stays empty.

    Args:
        points: Columns scale, question, value; one row per scale and question.
        scales: The scales of the x axis, in order.
    """
    table = points.pivot_table(index="scale", columns="question", values="value").sort_index()
    table = table[table.index.isin(scales)]
    places = np.array([scales.index(scale) for scale in table.index])
    heights, halves = densities(table.to_numpy(dtype=float))
    return Violin(
        outlines=_outlines(table, places, heights, halves),
        dots=_dots(table, places, heights, halves),
        boxes=_boxes(table, places),
    )


def _outlines(
    table: pd.DataFrame, places: np.ndarray, heights: np.ndarray, halves: np.ndarray
) -> pd.DataFrame:
    position, half = np.repeat(places, POINTS), halves.ravel()
    return pd.DataFrame(
        {
            "scale": np.repeat(table.index.to_numpy(dtype=float), POINTS),
            "y": heights.ravel().round(4),
            "x0": (position - half).round(4),
            "x1": (position + half).round(4),
        }
    )


def _dots(
    table: pd.DataFrame, places: np.ndarray, heights: np.ndarray, halves: np.ndarray
) -> pd.DataFrame:
    """One dot per question, spread inside its violin; at most `MOST_DOTS` questions."""
    generator = np.random.default_rng(0)
    if table.shape[1] > MOST_DOTS:
        kept = np.sort(generator.choice(table.shape[1], MOST_DOTS, replace=False))
        table = table.iloc[:, kept]
    # The same sideways place at every scale, so that a question can be followed by eye.
    aside = generator.uniform(-0.85, 0.85, table.shape[1])
    frames = []
    for row, place in enumerate(places):
        values = table.iloc[row].to_numpy(dtype=float)
        half = np.interp(values, heights[row], halves[row])
        frame = pd.DataFrame({"question": table.columns, "value": values})
        x = (place + half * aside).round(4)
        frames.append(frame.assign(scale=float(table.index[row]), x=x))
    return pd.concat(frames, ignore_index=True).dropna()


def _boxes(table: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    quarters = table.quantile([0.25, 0.5, 0.75], axis=1).T
    return pd.DataFrame(
        {
            "scale": table.index.astype(float),
            "x": places,
            "low": quarters[0.25].to_numpy(),
            "middle": quarters[0.5].to_numpy(),
            "high": quarters[0.75].to_numpy(),
            "mean": table.mean(axis=1).to_numpy(),
            "n": table.count(axis=1).to_numpy(),
        }
    )
