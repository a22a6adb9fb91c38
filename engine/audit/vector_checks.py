"""Checks of vectors: copies, lengths, orthogonality, pairs. Knows nothing of files.

Each gives one finding, or None where there is nothing to check.
"""

import numpy as np

from engine.audit.findings import Finding, Severity, counted, listed
from engine.foreign.formats.values import ForeignVectors
from engine.statistics import similarity

ZERO = 1e-6
"""A norm below this share of the largest counts as no direction."""
UNIT = 0.01
"""How far norms may lie from 1 and still be called unit."""
ORTHOGONAL = 0.02
"""Largest |cosine| that rounding to bfloat16 leaves between orthogonal vectors."""


def usable(found: ForeignVectors) -> np.ndarray:
    """Which vectors are finite and not zero."""
    finite = np.isfinite(found.vectors).all(axis=1)
    norms = np.linalg.norm(np.where(finite[:, None], found.vectors, 0), axis=1)
    return finite & (norms > ZERO * max(float(norms.max(initial=0)), 1e-30))


def empty(found: ForeignVectors) -> Finding:
    """Vectors that hold no direction: not finite, or zero."""
    finite, good = np.isfinite(found.vectors).all(axis=1), usable(found)
    broken, zero = int((~finite).sum()), int((finite & ~good).sum())
    figures = {"not_finite": float(broken), "zero": float(zero)}
    if broken:
        return Finding(
            severity="wrong", name="not-finite", figure=f"{broken} of {len(good)}",
            figures=figures,
            sentence=f"{counted(broken, 'vector')} hold values that are not finite "
            f"({listed(_names(found, ~finite))}): added to a model, they break every answer.",
        )  # fmt: skip
    if zero:
        return Finding(
            severity="doubtful", name="zero-vectors", figure=f"{zero} of {len(good)}",
            figures=figures,
            sentence=f"{counted(zero, 'vector')} have a norm of practically zero "
            f"({listed(_names(found, ~good))}): at any scale they change nothing.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="finite", figure=counted(len(good), "vector"), figures=figures,
        sentence="Every vector is finite and has a length.",
    )  # fmt: skip


def _names(found: ForeignVectors, which: np.ndarray) -> list[str]:
    return [found.names[i] for i in np.flatnonzero(which)]


def duplicates(found: ForeignVectors) -> Finding | None:
    """How many directions the vectors are, up to sign; None for a single vector.

    Vectors of different blocks are never copies, so only sets at one site are compared.
    """
    good = usable(found)
    if good.sum() < 2 or len(set(found.sites)) > 1:
        return None
    vectors = found.vectors[good]
    groups, rank = similarity.clusters(vectors), similarity.effective_rank(vectors)
    copies = len(vectors) - len(groups.sizes)
    figures = {
        "vectors": float(len(vectors)),
        "directions": float(len(groups.sizes)),
        "effective_rank": rank,
    }
    figure = f"{groups.words}; effective rank {rank:.2f}"
    if not copies:
        return Finding(
            severity="fine", name="no-copies", figure=figure, figures=figures,
            sentence=f"No two vectors share |cosine| ≥ {similarity.DUPLICATE}: none is a copy.",
        )  # fmt: skip
    within, across, flipped = _agreement(vectors, groups.labels)
    severity: Severity = "wrong" if 2 * len(groups.sizes) <= len(vectors) else "doubtful"
    others = f" Different directions share |cosine| up to {across:.2f}." if across else ""
    return Finding(
        severity=severity,
        name="copies",
        figure=f"{_words(groups)}; effective rank {rank:.2f}",
        figures=figures | {"least_cosine": within, "flipped": float(flipped)},
        sentence=f"{_words(groups)}, signs aside. Copies agree at |cosine| ≥ {within:.3f}, "
        f"{flipped or 'none'} of them with the opposite sign.{others} Count "
        f"directions: as {len(vectors)} vectors, one finding would be told several times.",
    )


def _words(groups: similarity.Clusters) -> str:
    """Such as "12 vectors, 2 directions: 7 + 5 copies", those found once counted apart."""
    single, copies = groups.sizes.count(1), [size for size in groups.sizes if size > 1]
    if not single:
        return groups.words
    head = groups.words.split(":")[0]
    return f"{head}: {' + '.join(map(str, copies))} copies and {single} single"


def _agreement(vectors: np.ndarray, labels: np.ndarray) -> tuple[float, float, int]:
    """Least |cosine| within a direction, largest between two, and copies of opposite sign."""
    wide = similarity.unit(vectors)
    cosines = wide @ wide.T
    same = labels[:, None] == labels[None, :]
    apart = ~np.eye(len(labels), dtype=bool)
    across = np.abs(cosines[~same]).max() if (~same).any() else 0.0
    first = np.array([np.flatnonzero(labels == label)[0] for label in labels])
    flipped = int((cosines[np.arange(len(labels)), first] < 0).sum())
    return float(np.abs(cosines[same & apart]).min()), float(across), flipped


def norms(found: ForeignVectors) -> Finding | None:
    """Whether lengths carry information, and whether there is a length to compare them with."""
    good = usable(found)
    if not good.any():
        return None
    lengths = np.linalg.norm(found.vectors[good].astype(np.float64), axis=1)
    low, high = float(lengths.min()), float(lengths.max())
    figures = {"smallest": low, "largest": high}
    has_residual = any(str(key).startswith("residual norm") for key in found.claims)
    relative = (
        "The record holds the residual norms, so scales can be read relative to them."
        if has_residual
        else "No norm of the residual stream is given, so it is not known whether a scale is large."
    )
    if max(abs(low - 1), abs(high - 1)) <= UNIT:
        off = max(abs(low - 1), abs(high - 1))
        return Finding(
            severity="fine" if has_residual else "note", name="unit-norms",
            figure=f"1 ± {off:.1%}", figures=figures,
            sentence=f"All vectors have norm 1: a scale of 10 adds a length of 10. {relative}",
        )  # fmt: skip
    return Finding(
        severity="fine" if has_residual else "note", name="raw-norms",
        figure=f"{low:.3g}" if len(lengths) == 1 else f"{low:.3g} to {high:.3g}", figures=figures,
        sentence="Lengths are as found: one scale adds another length for every vector. "
        f"{relative}",
    )  # fmt: skip


def orthogonality(found: ForeignVectors) -> Finding | None:
    """Whether singular vectors are orthogonal, as they must be; only for power iteration."""
    good = usable(found)
    if found.method != "power-iteration" or good.sum() < 2 or len(set(found.sites)) > 1:
        return None
    wide = similarity.unit(found.vectors[good])
    cosines = np.abs(wide @ wide.T - np.diag(np.ones(len(wide))))
    largest = float(cosines.max())
    figures = {"largest_cosine": largest}
    if largest <= ORTHOGONAL:
        return Finding(
            severity="fine", name="orthogonal", figure=f"|cosine| ≤ {largest:.3f}",
            figures=figures, sentence="The vectors are orthogonal, as singular vectors must be.",
        )  # fmt: skip
    return Finding(
        severity="doubtful", name="not-orthogonal", figure=f"|cosine| up to {largest:.3f}",
        figures=figures,
        sentence=f"Singular vectors are orthogonal, but two of these share |cosine| {largest:.3f}: "
        "rounding in the search, or rows that are no singular vectors.",
    )  # fmt: skip


def contrast(found: ForeignVectors) -> Finding | None:
    """How well the pairs behind a contrastive vector agree, and whether it is their mean."""
    pairs = found.differences
    if pairs is None or len(pairs) < 2 or len(found.vectors) != 1:
        return None
    wide = similarity.unit(pairs)
    cosines = wide @ wide.T
    agreement = float((cosines.sum() - len(wide)) / (len(wide) * (len(wide) - 1)))
    mean = pairs.astype(np.float64).mean(axis=0)
    same = float((similarity.unit(mean[None]) @ similarity.unit(found.vectors[:1]).T)[0, 0])
    figures = {"pairs": float(len(pairs)), "pair_cosine": agreement, "mean_cosine": same}
    figure = f"mean cosine {agreement:.2f} between pairs"
    if same < 0.99:
        return Finding(
            severity="wrong", name="not-the-mean", figure=f"cosine {same:.3f}", figures=figures,
            sentence=f"The vector is not the mean of the {len(pairs)} differences in the file: "
            f"their cosine is {same:.3f}.",
        )  # fmt: skip
    low = agreement < similarity.random_band(pairs.shape[1])
    return Finding(
        severity="doubtful" if low else "fine", name="pair-agreement", figure=figure,
        figures=figures,
        sentence=f"The vector is the mean of its {len(pairs)} differences, which "
        + (
            "agree no better than random directions: the mean is mostly noise."
            if low
            else f"point one way (mean cosine {agreement:.2f}). High agreement can also come from "
            "what all pairs share besides the behaviour, such as the letter that was read."
        ),
    )  # fmt: skip


def count(found: ForeignVectors) -> Finding | None:
    """Whether there are as many vectors as the file claims."""
    claimed = found.claims.get("num_vectors")
    if not isinstance(claimed, int) or claimed == len(found.vectors):
        return None
    return Finding(
        severity="wrong", name="wrong-count", figure=f"{len(found.vectors)} of {claimed}",
        figures={"claimed": float(claimed), "found": float(len(found.vectors))},
        sentence=f"The file claims {counted(claimed, 'vector')} and holds {len(found.vectors)}.",
    )  # fmt: skip


def place(found: ForeignVectors) -> Finding:
    """What the layer numbers and the operation mean, and what can go wrong with them."""
    sites = list(dict.fromkeys(site.words for site in found.sites if site is not None))
    figure = listed(sites, 2) if len(sites) < 4 else f"{sites[0]} to {sites[-1]}"
    made = {
        "add": "Made to be added.",
        "subtract": "Made to be subtracted: adding one needs the opposite sign.",
        "ablate": "Made to be projected away, not added: adding one gives another experiment.",
        "not stated": "Whether it is to be added or projected away is not stated.",
    }[found.operation]
    if found.disputes:
        made = " ".join(found.disputes)
    missing = sum(site is None for site in found.sites)
    if missing == len(found.sites):
        return Finding(
            severity="doubtful", name="no-site", sentence=f"{found.layers} {made}",
            figure="no layer", figures={"without_site": float(missing)},
        )  # fmt: skip
    unusual = missing or found.operation != "add" or found.disputes
    left = f" {counted(missing, 'row')} belong to no block." if missing else ""
    return Finding(
        severity="note" if unusual else "fine", name="site", figure=figure,
        figures={"without_site": float(missing)}, sentence=f"{found.layers} {made}{left}",
    )  # fmt: skip


def first_block(found: ForeignVectors) -> Finding | None:
    """A control vector's direction 0, which llama.cpp refuses."""
    if "direction.0" not in found.names:
        return None
    return Finding(
        severity="note", name="direction-zero", figure="direction.0",
        sentence="The file holds direction.0, which llama.cpp refuses as a whole file: other tools "
        "apply it to the output of block 0.",
    )  # fmt: skip
