"""Which random controls are of a vector's own kind.

How far a random vector moves the answers depends on where it acts and how long it is. So a vector
is compared only with controls of its own site and norm, by the same operation: its yardstick. Works
on what a record says of its vectors and controls. Knows nothing of files, models or charts.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

from engine.configs.core import Site
from engine.records import steered
from engine.records.records import EvaluationHead, VectorSet, measured
from engine.statistics.cells import BASELINE, CONTROL

YARDSTICK = "yardstick"
"""Column of a table of cells: the number of the row's yardstick; -1 for the baseline."""
ALIKE = 0.01
"""Largest relative difference of norms that share a yardstick."""
OPERATION = "add"
"""What records that name no operation did with every vector."""
NO_YARDSTICK = -1


class Place(NamedTuple):
    """Where something acts, and how long it is."""

    site: Any
    """The site itself, or its words."""
    norm: float


@dataclass(frozen=True, eq=False)
class Yardsticks:
    """The yardstick of every vector and control of a sweep."""

    numbers: Mapping[tuple[str, int], int]
    """By set ("control" for a control) and index. Empty where a record does not say where its
    vectors were added: then all are taken for one kind."""
    table: pd.DataFrame
    """One row each: yardstick, site (in words; "" where it is not known), norm (NaN: of any norm),
    vectors, controls."""


UNTOLD = Yardsticks({}, pd.DataFrame())
"""Of a sweep that does not say where its vectors were added."""


def grouped(places: Sequence[Place]) -> list[int]:
    """Number the yardsticks of some vectors: one for each site and norm, to within `ALIKE`.

    Sites are in the order in which they first stand there, norms rise.
    """
    sites = list(dict.fromkeys(place.site for place in places))
    order = sorted(range(len(places)), key=lambda i: (sites.index(places[i].site), places[i].norm))
    numbers, number, first = [0] * len(places), -1, None
    for i in order:
        place = places[i]
        same = first is not None and first.site == place.site
        if first is None or not same or place.norm > first.norm * (1 + ALIKE):
            number, first = number + 1, place
        numbers[i] = number
    return numbers


def drawn(places: Sequence[Place]) -> list[Place]:
    """Of every yardstick of some vectors, site and norm of the controls that stand for it."""
    numbers = grouped(places)
    found = []
    for number in range(max(numbers, default=-1) + 1):
        own = [place for place, one in zip(places, numbers, strict=True) if one == number]
        norms = [place.norm for place in own]
        found.append(Place(own[0].site, (min(norms) + max(norms)) / 2))
    return found


def places_of(chosen: Sequence[tuple[VectorSet, int]], is_relative: bool) -> list[Place]:
    """Where the controls of a sweep over these vectors (set, index) are added, one per yardstick.

    Where scales are relative the length of a vector does not count, so its site alone does.
    """
    return drawn(
        [
            Place(s.sites[i], 1.0 if is_relative else float(np.linalg.norm(s.vectors[i])))
            for s, i in chosen
        ]
    )


def told(
    sites: Sequence[Site], norms: Sequence[float], operation: str = OPERATION
) -> dict[str, Any]:
    """What a record keeps of its controls, one by one."""
    return {
        "operation": operation,
        "sites": [asdict(site) for site in sites],
        "norms": [float(norm) for norm in norms],
    }


def of_run(head: EvaluationHead) -> Yardsticks:
    """The yardsticks of a sweep, from what its record says.

    A record that does not tell its controls was made when they were drawn site by site with the
    median norm of the site's vectors. A vector of another norm then has no controls of its kind.
    Where scales are relative only the site counts: what is added is a share of the residual norm.
    """
    vectors = _vectors(head)
    if vectors is None:
        count = {CONTROL: int(head.config.get("controls", 0))}
        for digest, _ in measured(head.config, head.vector_names):
            count[digest] = count.get(digest, 0) + 1
        keys = [(name, i) for name, number in count.items() for i in range(number)]
        return Yardsticks({}, _table([Place("", np.nan)], dict.fromkeys(keys, 0)))
    controls = _controls(head, vectors)
    if head.config.get("scale_unit") == "relative":
        vectors = {key: Place(place.site, np.nan) for key, place in vectors.items()}
        controls = [Place(place.site, np.nan) for place in controls]
    kinds = list(dict.fromkeys(_key(place) for place in controls))
    numbers = {(CONTROL, i): kinds.index(_key(place)) for i, place in enumerate(controls)}
    alone: dict[tuple[str, int], Place] = {}
    for key, place in vectors.items():
        number = _nearest(place, kinds)
        if number is None:
            alone[key] = place
        else:
            numbers[key] = number
    lacking = list(alone.values())
    for key, number in zip(alone, grouped(lacking), strict=True):
        numbers[key] = len(kinds) + number
    table = _table([*map(_place, kinds), *drawn(lacking)], numbers)
    # Vectors used at other blocks than their own are told by their own site all the same.
    used = steered.of_config(head.config).used_at
    if used:
        table = table.assign(site=[f"{site}, used at {used}" for site in table["site"]])
    return Yardsticks(numbers, table)


def _vectors(head: EvaluationHead) -> dict[tuple[str, int], Place] | None:
    """Site in words and norm of every measured vector; None if that is not told."""
    found = {}
    for digest, index in measured(head.config, head.vector_names):
        one = head.vector_names.get(digest, {})
        sites, norms = one.get("sites", ()), one.get("norms", ())
        if index >= min(len(sites), len(norms)):
            return None
        found[digest, index] = Place(Site(**sites[index]).words, float(norms[index]))
    return found


def _controls(head: EvaluationHead, vectors: Mapping[tuple[str, int], Place]) -> list[Place]:
    """Site in words and norm of every control."""
    if head.controls:
        pairs = zip(head.controls["sites"], head.controls["norms"], strict=True)
        return [Place(Site(**site).words, float(norm)) for site, norm in pairs]
    found = []
    for site in dict.fromkeys(place.site for place in vectors.values()):
        norms = [place.norm for place in vectors.values() if place.site == site]
        found += [Place(site, float(np.median(norms)))] * int(head.config.get("controls", 0))
    return found


def _key(place: Place) -> tuple[Hashable, float | None]:
    return place.site, None if np.isnan(place.norm) else place.norm


def _place(key: tuple[Hashable, float | None]) -> Place:
    return Place(key[0], np.nan if key[1] is None else key[1])


def _nearest(place: Place, kinds: Sequence[tuple[Hashable, float | None]]) -> int | None:
    """The yardstick whose controls are added where this is and are as long, if there is one."""
    fitting = []
    for number, (site, norm) in enumerate(kinds):
        gap = 0.0 if norm is None else abs(place.norm - norm)
        if site == place.site and (norm is None or gap <= ALIKE * norm):
            fitting.append((gap, number))
    return min(fitting)[1] if fitting else None


def _table(places: Sequence[Place], numbers: Mapping[tuple[str, int], int]) -> pd.DataFrame:
    own = [number for (name, _), number in numbers.items() if name != CONTROL]
    random = [number for (name, _), number in numbers.items() if name == CONTROL]
    return pd.DataFrame(
        {
            YARDSTICK: range(len(places)),
            "site": [str(place.site) for place in places],
            "norm": [float(place.norm) for place in places],
            "vectors": [own.count(number) for number in range(len(places))],
            "controls": [random.count(number) for number in range(len(places))],
        }
    )


def labelled(table: pd.DataFrame, found: Yardsticks) -> pd.DataFrame:
    """A table of cells or rows with the number of each one's yardstick.

    Args:
        table: Has the columns vector_set and vector.
        found: Of the same sweep.
    """
    keys = zip(table["vector_set"].astype(str), table["vector"].astype(int), strict=True)
    other = NO_YARDSTICK if found.numbers else 0
    numbers = [
        NO_YARDSTICK if key[0] == BASELINE else found.numbers.get(key, other) for key in keys
    ]
    return table.assign(**{YARDSTICK: np.array(numbers, dtype=int)})


def of_rows(table: pd.DataFrame) -> Int[np.ndarray, " rows"]:
    """The yardstick of every row; one for all where the table does not tell."""
    if YARDSTICK not in table:
        return np.zeros(len(table), dtype=int)
    return table[YARDSTICK].to_numpy(int)


def control_groups(table: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """The controls' rows of each yardstick, by its number."""
    own = of_rows(table)
    is_control = (table["vector_set"] == CONTROL).to_numpy()
    for number in np.unique(own[is_control]):
        yield int(number), table[is_control & (own == number)]


def words(row: Mapping[Hashable, Any] | pd.Series, count: int | None = None) -> str:
    """A yardstick in words: "64 random vectors of norm 1.5 at output of block 3".

    Args:
        row: Of `Yardsticks.table`.
        count: How many there are, if other than the table says.
    """
    norm = "" if np.isnan(row["norm"]) else f" of norm {row['norm']:.3g}"
    number = int(row["controls"]) if count is None else count
    site = f" at {row['site']}" if row["site"] else ""
    return f"{number} random vector{'' if number == 1 else 's'}{norm}{site}"
