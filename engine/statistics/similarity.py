"""How alike vectors are: cosine and distance by layer, null bands, duplicates, shared spaces.

Knows nothing of models or files; no torch, so that pages which only view can use it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float, Int

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.records.records import VectorSet

Matrix = Float[np.ndarray, "vectors hidden"]

DUPLICATE = 0.9
"""Absolute cosine above which two vectors count as copies of one direction."""
COLUMNS = {
    "block": "decoder block of both vectors",
    "first": "index in the first set",
    "second": "index in the second set",
    "cosine": "cosine between them",
    "distance": "Euclidean distance between them",
    "norm_first": "norm of the first",
    "norm_second": "norm of the second",
    "random": "half width of the band of random directions, 1.96 / sqrt(hidden)",
    "attainable": "sqrt(r1 r2): the largest absolute cosine that two noisy vectors can show",
    "corrected": "cosine / attainable, held within -1 and 1; too large where noise is shared",
}
"""Columns of `by_layer`; `null_low` and `null_high` come with a null."""


class Clusters(NamedTuple):
    """Which vectors are copies of one direction, up to sign."""

    labels: Int[np.ndarray, " vectors"]
    """Cluster of each vector; 0 is the largest."""
    sizes: tuple[int, ...]
    order: tuple[int, ...]
    """The vectors in an order that puts like ones side by side, for a map."""

    @property
    def words(self) -> str:
        """Such as "12 vectors, 2 directions: 7 + 5 copies"."""
        vectors, directions = sum(self.sizes), len(self.sizes)
        head = (
            f"{vectors} vector{'s' * (vectors != 1)}, "
            f"{directions} direction{'s' * (directions != 1)}"
        )
        if vectors == directions:
            return head
        return f"{head}: {' + '.join(str(size) for size in self.sizes)} copies"


class Split(NamedTuple):
    """Vectors taken apart by a subspace."""

    linear: Matrix
    """The part inside the subspace."""
    residual: Matrix
    """What is left."""
    share: Float[np.ndarray, " vectors"]
    """|linear|^2 / |vector|^2."""


def unit(vectors: Matrix) -> Matrix:
    """Each row divided by its norm, in float64; a zero row stays zero."""
    wide = np.asarray(vectors, dtype=np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-300)


def random_band(hidden: int) -> float:
    """Half width of the 95 % band of the cosine between random directions."""
    return 1.96 / float(np.sqrt(hidden))


def check_comparable(*sets: VectorSet) -> None:
    """Refuse vectors of different models.

    Raises:
        ConfigError: If widths or weights differ.
    """
    first = sets[0]
    for other in sets[1:]:
        names = [str(s.model.get("short_name") or s.model.get("name")) for s in (first, other)]
        widths = (first.vectors.shape[1], other.vectors.shape[1])
        if widths[0] != widths[1]:
            raise ConfigError(
                f"{first.digest} has vectors of width {widths[0]} ({names[0]}) and {other.digest} "
                f"of width {widths[1]} ({names[1]}): only vectors of one model can be compared."
            )
        prints = [s.model.get("fingerprint") for s in (first, other)]
        if None not in prints and prints[0] != prints[1]:
            raise ConfigError(
                f"{first.digest} was found in {names[0]} and {other.digest} in {names[1]}, whose "
                "weights differ: their coordinates mean different things, so a cosine between "
                "them says nothing."
            )


def cosine_map(first: VectorSet, second: VectorSet) -> Float[np.ndarray, "vectors others"]:
    """Cosine of every vector of the first set with every one of the second."""
    check_comparable(first, second)
    return unit(first.vectors) @ unit(second.vectors).T


def by_layer(first: VectorSet, second: VectorSet, null: Sequence[VectorSet] = ()) -> pd.DataFrame:
    """Vectors of both sets at the same site, one row a pair; columns as `COLUMNS`.

    Args:
        first: Such as a contrastive set.
        second: Such as a fine-tune-difference set.
        null: Sets like the first, made from shuffled labels.

    Raises:
        ConfigError: If the models differ or no site is in both sets.
    """
    check_comparable(first, second, *null)
    pairs = _matched(first, second)
    left, right = (
        np.asarray(s.vectors, dtype=np.float64)[[p[i] for p in pairs]]
        for i, s in enumerate((first, second))
    )
    cosines = (unit(left) * unit(right)).sum(axis=1)
    attainable = np.sqrt(_reliability(first, 0, pairs) * _reliability(second, 1, pairs))
    frame = pd.DataFrame(
        {
            "block": [first.sites[i].block for i, _ in pairs],
            "first": [i for i, _ in pairs],
            "second": [j for _, j in pairs],
            "cosine": cosines,
            "distance": np.linalg.norm(left - right, axis=1),
            "norm_first": np.linalg.norm(left, axis=1),
            "norm_second": np.linalg.norm(right, axis=1),
            "random": random_band(first.vectors.shape[1]),
            "attainable": attainable,
            "corrected": np.clip(cosines / attainable, -1, 1),
        }
    )
    if null:
        bands = [
            null_band(first.sites[i], vector, null) or (float("nan"), float("nan"))
            for (i, _), vector in zip(pairs, right, strict=True)
        ]
        frame["null_low"], frame["null_high"] = zip(*bands, strict=True)
    return frame.sort_values(["block", "first", "second"], ignore_index=True)


def _matched(first: VectorSet, second: VectorSet) -> list[tuple[int, int]]:
    """Index pairs of vectors at one site; of several there, those of one template token."""
    there: dict[tuple[Site, float | None], list[int]] = {}
    for j, site in enumerate(second.sites):
        there.setdefault((place(site), _token(second, j)), []).append(j)
    pairs = [
        (i, j)
        for i, site in enumerate(first.sites)
        for j in there.get((place(site), _token(first, i)), [])
    ]
    if not pairs:
        raise ConfigError(
            f"{first.digest} and {second.digest} have no site in common: "
            f"{_sites(first)} against {_sites(second)}."
        )
    return pairs


def place(site: Site) -> Site:
    """One name per place: the input of a block is the output of the one before."""
    if site.kind == "block_in" and site.block > 0:
        return Site(block=site.block - 1)
    return Site(block=site.block) if site.kind == "mlp_out" else site


def _token(found: VectorSet, index: int) -> float | None:
    tokens = found.scores.get("template_token")
    return tokens[index] if tokens else None


def _sites(found: VectorSet) -> str:
    words = list(dict.fromkeys(site.words for site in found.sites))
    return words[0] if len(words) == 1 else f"{words[0]} to {words[-1]}"


def _reliability(
    found: VectorSet, side: int, pairs: list[tuple[int, int]]
) -> Float[np.ndarray, " pairs"]:
    """Reliability of each vector, NaN where it was not measured or is not above zero."""
    values = found.scores.get("reliability") or [float("nan")] * len(found.vectors)
    chosen = np.array([values[pair[side]] for pair in pairs], dtype=np.float64)
    return np.where(chosen > 0, chosen, np.nan)


def null_band(
    site: Site, other: Float[np.ndarray, " hidden"], null: Sequence[VectorSet]
) -> tuple[float, float] | None:
    """The middle 95 % of the cosines of the null's vectors at a site with a vector, or None."""
    rows = [v for s in null for v, at in zip(s.vectors, s.sites, strict=True) if at == site]
    if not rows:
        return None
    cosines = unit(np.stack(rows)) @ unit(other[None])[0]
    low, high = np.quantile(cosines, (0.025, 0.975))
    return float(low), float(high)


def corrected(cosine: float, first: float, second: float) -> float:
    """A cosine over the largest that two vectors of these reliabilities can show.

    Spearman's correction supposes that their noise is independent. Where both were read from the
    same texts, shared noise adds to the cosine and is magnified: a true .5 can come out as 1.
    """
    if not (first > 0 and second > 0):
        return float("nan")
    return float(np.clip(cosine / np.sqrt(first * second), -1, 1))


def split(vectors: Matrix, space: Float[np.ndarray, "others hidden"]) -> Split:
    """Each vector's part inside the span of `space`, and the rest.

    With power-iteration vectors as `space`, the first part of a MELBO vector is its linear one.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    _, values, rows = np.linalg.svd(unit(space), full_matrices=False)
    basis = rows[values > 1e-6 * values.max(initial=0.0)]
    linear = wide @ basis.T @ basis
    squares = np.maximum((wide**2).sum(axis=1), 1e-300)
    return Split(linear, wide - linear, (linear**2).sum(axis=1) / squares)


def span_shares(found: VectorSet, space: VectorSet) -> pd.DataFrame:
    """How much of each vector lies in the span of another set's vectors.

    Columns: `vector`, `block`, `share` |linear part|^2 / |vector|^2, `linear` and `residual` the
    norms of both parts, `random` the mean share of a random direction and `random_high` its
    97.5 % quantile: for k independent directions among d such a share is Beta(k/2, (d - k)/2).

    Raises:
        ConfigError: If the models differ.
    """
    check_comparable(found, space)
    parts = split(found.vectors, space.vectors)
    rank, width = int(np.linalg.matrix_rank(unit(space.vectors))), found.vectors.shape[1]
    is_all = rank >= width
    null = None if is_all else scipy.stats.beta(rank / 2, (width - rank) / 2)
    return pd.DataFrame(
        {
            "vector": range(len(found.vectors)),
            "block": [site.block for site in found.sites],
            "share": parts.share,
            "linear": np.linalg.norm(parts.linear, axis=1),
            "residual": np.linalg.norm(parts.residual, axis=1),
            "random": 1.0 if null is None else rank / width,
            "random_high": 1.0 if null is None else float(null.ppf(0.975)),
        }
    )


def without(found: VectorSet, removed: VectorSet) -> VectorSet:
    """A set less its parts along what another holds at the same site.

    What is removed may be the mean activation of each block, or the top direction of one.

    Raises:
        ConfigError: If the models differ.
    """
    check_comparable(found, removed)
    vectors = np.array(found.vectors, dtype=np.float64)
    for i, site in enumerate(found.sites):
        rows = [j for j, at in enumerate(removed.sites) if place(at) == place(site)]
        if rows:
            vectors[i] = split(vectors[i][None], removed.vectors[rows]).residual[0]
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return VectorSet(**{**fields, "vectors": vectors.astype(np.float32)})


def clusters(vectors: Matrix, threshold: float = DUPLICATE) -> Clusters:
    """Sign-aware duplicates: average linkage on 1 - |cosine|, cut at the threshold."""
    if len(vectors) == 1:
        return Clusters(np.zeros(1, dtype=np.int64), (1,), (0,))
    cosines = np.abs(unit(vectors) @ unit(vectors).T).clip(max=1.0)
    distances = 1 - (cosines + cosines.T) / 2
    np.fill_diagonal(distances, 0.0)
    tree = scipy.cluster.hierarchy.linkage(
        scipy.spatial.distance.squareform(distances, checks=False), method="average"
    )
    raw = scipy.cluster.hierarchy.fcluster(tree, t=1 - threshold, criterion="distance")
    names, counts = np.unique(raw, return_counts=True)
    ranked = names[np.argsort(-counts, kind="stable")]
    rank = {int(name): place for place, name in enumerate(ranked)}
    labels = np.array([rank[int(name)] for name in raw], dtype=np.int64)
    sizes = tuple(int(size) for size in np.bincount(labels))
    return Clusters(labels, sizes, tuple(int(i) for i in scipy.cluster.hierarchy.leaves_list(tree)))


def effective_rank(vectors: Matrix) -> float:
    """How many directions the vectors amount to, lengths aside.

    The exponential of the entropy of the squared singular values of the unit vectors, as shares
    of their sum: 1 for copies of one direction, the number of vectors for orthogonal ones.
    """
    squares = np.linalg.svd(unit(vectors), compute_uv=False) ** 2
    shares = squares / max(float(squares.sum()), 1e-300)
    return float(np.exp(-(shares * np.log(np.maximum(shares, 1e-300))).sum()))
