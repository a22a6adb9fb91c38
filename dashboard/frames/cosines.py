"""Frames of the similarity screen: sets of vectors in, rows to draw out. Knows no Streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dashboard.words import captions
from engine.configs.core import Site
from engine.records.records import VectorSet
from engine.statistics import similarity

MOST_TERMS = 6
"""Sizes of copies that are told one by one; of more, like ones are told together."""


Told = Mapping[str, str]


@dataclass(frozen=True)
class Member:
    """One vector among those of several sets."""

    name: str
    """Unique among its company."""
    digest: str
    index: int
    method: str
    site: Site

    @property
    def reference(self) -> str:
        """As links and the command line name it: digest and index."""
        return f"{self.digest}:{self.index}"


def is_null(config: dict[str, Any]) -> bool:
    """Whether a set is of shuffled labels: a null instead of a finding."""
    return bool(config.get("shuffles"))


def is_null_of(null: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether one config is the other's with shuffled labels."""
    apart = ("shuffles", "seed")
    same = {key: value for key, value in found.items() if key not in apart}
    return is_null(null) and {k: v for k, v in null.items() if k not in apart} == same


def layer_labels(found: VectorSet) -> list[str]:
    """One word per vector for an axis: its block, told apart where several share one."""
    blocks = [site.block for site in found.sites]
    if len(set(blocks)) == len(blocks):
        return [str(block) for block in blocks]
    tokens = found.scores.get("template_token")
    if tokens:
        pairs = zip(blocks, tokens, strict=True)
        return [f"{block}, token \u2212{token:.0f}" for block, token in pairs]
    return [f"{block} #{index}" for index, block in enumerate(blocks)]


def cells(first: VectorSet, second: VectorSet) -> pd.DataFrame:
    """Every vector of the first set with every one of the second.

    Columns: cell, row, column, row_label, column_label, cosine, z (in standard deviations of
    random pairs).

    Raises:
        ConfigError: If they belong to different models.
    """
    cosines = similarity.cosine_map(first, second)
    rows, columns = np.indices(cosines.shape).reshape(2, -1)
    labels = layer_labels(first), layer_labels(second)
    return pd.DataFrame(
        {
            "cell": [f"{i}-{j}" for i, j in zip(rows, columns, strict=True)],
            "row": rows,
            "column": columns,
            "row_label": [labels[0][i] for i in rows],
            "column_label": [labels[1][j] for j in columns],
            "cosine": cosines.ravel(),
            "z": cosines.ravel() * np.sqrt(first.vectors.shape[1]),
        }
    )


def colour_limit(values: pd.Series) -> float:
    """A colour range that shows what there is: the largest |cosine|, up to the next 0.05."""
    largest = float(values.abs().max()) if len(values) else 1.0
    return round(float(min(max(np.ceil(largest * 20) / 20, 0.05), 1.0)), 2)


def members(
    sets: Sequence[VectorSet], told: Told | None = None, own: Told | None = None
) -> list[Member]:
    """All vectors of several sets, named so that no two share a name.

    Args:
        sets: Of any methods.
        told: By digest, what tells a set from the others of its method; else its digest does.
        own: By reference, a reader's own names.
    """
    own = own or {}
    methods = [found.method for found in sets]
    found_members = []
    for found in sets:
        apart = f" ({told[found.digest]})" if told is not None else f"@{found.digest[:4]}"
        tail = apart if methods.count(found.method) > 1 else ""
        for index, name in enumerate(found.names):
            found_members.append(
                Member(f"{name}{tail}", found.digest, index, found.method, found.sites[index])
            )
    taken = [*(one.name for one in found_members), *own.values()]
    return [
        # Two that a reader called the same are told apart.
        one
        if not (named := own.get(one.reference))
        else replace(one, name=named if taken.count(named) == 1 else f"{named}, {one.name}")
        for one in found_members
    ]


class Square(NamedTuple):
    """All vectors of one model against each other."""

    members: list[Member]
    cells: pd.DataFrame
    """row, column (names), row_reference, column_reference, cosine."""
    order: list[str]
    """Names with like ones side by side."""
    words: str
    """Such as "12 vectors, 2 directions: 7 + 5 copies"."""
    rank: float
    groups: pd.DataFrame
    """One row a direction with more than one copy: copies, vectors, least (|cosine|)."""
    copies: list[list[str]]
    """References of the vectors of each of those rows."""


def square(
    sets: Sequence[VectorSet],
    block: int | None = None,
    told: Told | None = None,
    own: Told | None = None,
) -> Square:
    """Cosines of all vectors, their duplicates up to sign and their effective rank.

    Args:
        sets: Of one model.
        block: Leave out vectors of other blocks.
        told: As `members` takes it.
        own: As `members` takes it.

    Raises:
        ConfigError: If they belong to different models.
    """
    similarity.check_comparable(*sets)
    everyone = members(sets, told, own)
    kept = [i for i, one in enumerate(everyone) if block in (None, one.site.block)]
    everyone = [everyone[i] for i in kept]
    vectors = np.concatenate([found.vectors for found in sets])[kept]
    unit = similarity.unit(vectors)
    cosines = (unit @ unit.T).clip(-1, 1)
    found = similarity.clusters(vectors)
    rows, columns = np.indices(cosines.shape).reshape(2, -1)
    frame = pd.DataFrame(
        {
            "row": [everyone[i].name for i in rows],
            "column": [everyone[j].name for j in columns],
            "row_reference": [everyone[i].reference for i in rows],
            "column_reference": [everyone[j].reference for j in columns],
            "cosine": cosines.ravel(),
        }
    )
    order = [everyone[i].name for i in found.order]
    groups = _groups(found, cosines, [one.name for one in everyone])
    copies = [
        [
            one.reference
            for one, own_label in zip(everyone, found.labels, strict=True)
            if own_label == label
        ]
        for label, size in enumerate(found.sizes)
        if size > 1
    ]
    rank = similarity.effective_rank(vectors)
    return Square(everyone, frame, order, directions(found.sizes), rank, groups, copies)


def directions(sizes: Sequence[int]) -> str:
    """Such as "12 vectors, 2 directions: 7 + 5 copies", with those found once only counted."""
    words = f"{captions.count(sum(sizes), 'vector')}, {captions.count(len(sizes), 'direction')}"
    copies, single = [size for size in sizes if size > 1], sizes.count(1)
    if not copies:
        return words
    rest = f" and {single} single" if single else ""
    terms = [str(size) for size in copies]
    if len(terms) > MOST_TERMS:
        counts = {size: copies.count(size) for size in copies}
        terms = [str(size) if n == 1 else f"{n} × {size}" for size, n in counts.items()]
    return f"{words}: {' + '.join(terms)} copies{rest}"


def _groups(found: similarity.Clusters, cosines: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Directions that were found more than once; a minus marks a copy with the other sign."""
    rows = []
    for label, size in enumerate(found.sizes):
        if size < 2:
            continue
        places = [i for i, own in enumerate(found.labels) if own == label]
        part = cosines[np.ix_(places, places)]
        signed = [
            names[place] if part[0, k] >= 0 else f"\u2212{names[place]}"
            for k, place in enumerate(places)
        ]
        rows.append(
            {"copies": size, "least": float(np.abs(part).min()), "vectors": ", ".join(signed)}
        )
    return pd.DataFrame(rows, columns=["copies", "least", "vectors"])


def against(
    one: Member, sets: Sequence[VectorSet], told: Told | None = None, own: Told | None = None
) -> pd.DataFrame:
    """One vector with all others, the largest |cosine| first; names as `members` takes them.

    Columns: name, reference, method, method_name, site, cosine, z.
    """
    similarity.check_comparable(*sets)
    everyone = members(sets, told, own)
    unit = similarity.unit(np.concatenate([found.vectors for found in sets]))
    place = next(i for i, other in enumerate(everyone) if other.reference == one.reference)
    cosines = unit @ unit[place]
    frame = pd.DataFrame(
        {
            "name": [other.name for other in everyone],
            "reference": [other.reference for other in everyone],
            "method": [other.method for other in everyone],
            "method_name": [captions.method(other.method) for other in everyone],
            "site": [other.site.words for other in everyone],
            "cosine": cosines,
            "z": cosines * np.sqrt(unit.shape[1]),
        }
    ).drop(index=place)
    by_size = frame["cosine"].abs().sort_values(ascending=False).index
    return frame.loc[by_size].reset_index(drop=True)


def pair(
    first: VectorSet, second: VectorSet, cell: tuple[int, int], nulls: Sequence[VectorSet] = ()
) -> dict[str, Any]:
    """What is known of two vectors: cosine, z, corrected (NaN if unknown), norms, null.

    `null` is where 95 % of the first set's shuffled vectors at that site lie, None without any.
    """
    row, column = cell
    left, right = first.vectors[row], second.vectors[column]
    cosine = float((similarity.unit(left[None]) @ similarity.unit(right[None]).T)[0, 0])
    known = [
        found.scores.get("reliability", [float("nan")] * len(found.vectors))[index]
        for found, index in ((first, row), (second, column))
    ]
    return {
        "cosine": cosine,
        "z": cosine * float(np.sqrt(len(left))),
        "corrected": similarity.corrected(cosine, *known),
        "norms": (float(np.linalg.norm(left)), float(np.linalg.norm(right))),
        "null": similarity.null_band(first.sites[row], right, nulls),
    }
