"""The random vectors that a sweep's vectors stand beside: bands and words. Knows no Streamlit."""

import pandas as pd

from dashboard.frames.sweep import Sweep
from engine.statistics import yardsticks
from engine.statistics.yardsticks import NO_YARDSTICK, YARDSTICK

OWN = "random vectors of each vector's own site and norm"
"""What many vectors of several sites or norms are compared with."""
OWN_MOVE = (
    "Random vectors are not flat: they move the answers too. An effect means something only beyond "
    "those of the vector's own site and norm."
)
"""The same as a sentence."""
NO_BAND = (
    "No grey band is drawn: these vectors differ in site or norm, and so do the random vectors "
    "they are compared with."
)


def band(sweep: Sweep, name: str, column: str, part: str = "content") -> pd.DataFrame:
    """Where 95 % of the random vectors of a vector's own site and norm lie: scale, low, high."""
    bands = sweep.bands
    if part != "content":
        bands = sweep.read.part_bands
        bands = bands[bands["part"] == part]
    return _edges(bands[yardsticks.of_rows(bands) == number(sweep, name)], column)


def shared_band(sweep: Sweep, column: str) -> pd.DataFrame:
    """The same for all vectors of a sweep at once; no rows where they differ in site or norm."""
    bands = sweep.bands if kinds(sweep) == 1 else sweep.bands.iloc[:0]
    return _edges(bands, column)


def _edges(bands: pd.DataFrame, column: str) -> pd.DataFrame:
    names = {f"{column}_low": "low", f"{column}_high": "high"}
    found = bands.rename(columns=names).reindex(columns=["scale", "low", "high"])
    return found.reset_index(drop=True)


def number(sweep: Sweep, name: str) -> int:
    """Of the vector's yardstick."""
    rows = sweep.vectors.loc[sweep.vectors["name"] == name, YARDSTICK]
    return int(rows.iloc[0]) if len(rows) else NO_YARDSTICK


def kinds(sweep: Sweep) -> int:
    """How many different sites and norms the measured vectors have."""
    return int(sweep.vectors[YARDSTICK].nunique())


def count(sweep: Sweep, name: str) -> int:
    """How many random vectors a vector is compared with."""
    own = sweep.controls
    return int(own.loc[own[YARDSTICK] == number(sweep, name), "vector"].nunique())


def words(sweep: Sweep, name: str) -> str:
    """What a vector is compared with: "64 random vectors of norm 1 at output of block 3"."""
    table = sweep.read.yardsticks
    rows = table[table[YARDSTICK] == number(sweep, name)]
    many = count(sweep, name)
    return yardsticks.words(rows.iloc[0], many) if len(rows) else f"{many} random vectors"


def counts(sweep: Sweep) -> dict[str, int]:
    """The same of all vectors of a run, in their order."""
    own = sweep.controls.groupby(YARDSTICK)["vector"].nunique()
    numbers = sweep.vectors.drop_duplicates("name").set_index("name")[YARDSTICK]
    return {name: int(own.get(numbers.get(name, NO_YARDSTICK), 0)) for name in sweep.names}


def lacking(sweep: Sweep) -> str:
    """A sentence on vectors that no random one of the run is like, or ""."""
    alone = [name for name, many in counts(sweep).items() if not many]
    if not alone or not sweep.control_count or sweep.evaluation.unfinished:
        return ""
    return (
        f"{len(alone)} of {len(sweep.names)} vectors have no random vectors of their own site and "
        "norm in this run. Nothing says whether they do more than chance: evaluate them again."
    )


def grey(sweep: Sweep) -> str:
    """What the band under a picture of all vectors is, or why there is none."""
    if not sweep.control_count:
        return ""
    return NO_BAND if kinds(sweep) > 1 else f"Grey: 95 % of {words_of_all(sweep)}."


def words_of_all(sweep: Sweep) -> str:
    """What all vectors are compared with."""
    if kinds(sweep) == 1 and sweep.names:
        return words(sweep, sweep.names[0])
    many = sorted(set(counts(sweep).values()))
    number_of_each = "" if not many else f"{many[0]} "
    if len(many) > 1:
        number_of_each = f"{many[0]} to {many[-1]} "
    return f"{number_of_each}{OWN}"
