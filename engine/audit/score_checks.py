"""Checks of the figures that come with vectors: singular values and losses. Knows no files."""

import numpy as np

from engine.audit.findings import Finding, listed
from engine.foreign.formats.values import ForeignVectors

GAP = 0.05
"""Relative distance of singular values below which only a subspace is meaningful."""
SAME = 0.1
"""How far, in the exponent, sigma may be from the length or its square to be called that."""
POWER = 8
"""The exponent of the corrigibility study's MELBO loss: -|change of the target layer|^8."""
LENGTHS = ("gain", "length", "jv_norm")
"""Names of figures that are |J v| of a unit vector."""


def squared_sigmas(found: ForeignVectors) -> Finding | None:
    """Whether 'sigma' is really its square: by the program that wrote it, or beside lengths."""
    sigmas = _positive(found.scores.get("sigma"))
    if sigmas is None:
        return None
    lengths = next((v for n in LENGTHS if (v := _positive(found.scores.get(n))) is not None), None)
    if lengths is not None:
        return _beside_lengths(sigmas, lengths)
    roots = np.sqrt(sigmas)
    if found.program == "power-steering":
        prompts = found.claims.get("num_prompts")
        several = isinstance(prompts, int) and prompts > 1
        each = np.sqrt(sigmas / prompts) if several else roots
        summed = f" and a sum over {prompts} prompts" if several else ""
        return Finding(
            severity="wrong", name="squared-sigma",
            figure=f"{sigmas[0]:,.0f} is {each[0]:.0f}²{f' × {prompts}' if several else ''}",
            figures={"largest_given": float(sigmas.max()), "largest": float(each.max()),
                     "smallest": float(each.min())},
            sentence="'sigmas' are not singular values: the study's program stores |JᵀJv|, which "
            f"is σ²{summed}. As singular values{' of one prompt on average' if several else ''} "
            f"they are {each.max():.0f} to {each.min():.0f}, so ratios shrink to their roots: the "
            f"first is {roots.max() / roots.min():.1f} times the last, not "
            f"{sigmas.max() / sigmas.min():.1f} times.",
        )  # fmt: skip
    if found.layout.startswith("Vectorscope"):
        return Finding(
            severity="fine", name="sigma", figure=f"{sigmas.max():.3g} to {sigmas.min():.3g}",
            sentence="Singular values are those of J, not squares.",
        )  # fmt: skip
    return Finding(
        severity="note", name="unit-of-sigma", figure=f"{sigmas.max():.3g} or {roots.max():.3g}",
        figures={"largest_given": float(sigmas.max()), "largest_root": float(roots.max())},
        sentence="Nothing in the file tells whether 'sigma' is a singular value or its square: if "
        f"it is the square, the largest is {roots.max():.3g}.",
    )  # fmt: skip


def _beside_lengths(sigmas: np.ndarray, lengths: np.ndarray) -> Finding | None:
    """Compare with |J v| in the file itself; those near 1 are their own squares."""
    telling = np.abs(np.log(lengths)) > 0.1
    if not telling.any():
        return None
    exponent = float(np.median(np.log(sigmas[telling]) / np.log(lengths[telling])))
    figures = {"exponent": exponent}
    figure = f"σ is |Jv| to the power {exponent:.2f}"
    if abs(exponent - 2) < SAME:
        return Finding(
            severity="wrong", name="squared-sigma", figure=figure, figures=figures,
            sentence="'sigma' is the square of the lengths |Jv| that stand beside it: what is "
            f"called {sigmas[0]:.3g} is a singular value of {np.sqrt(sigmas[0]):.3g}.",
        )  # fmt: skip
    if abs(exponent - 1) < SAME:
        return Finding(
            severity="fine", name="sigma", figure=figure, figures=figures,
            sentence="'sigma' agrees with the lengths |Jv| beside it.",
        )  # fmt: skip
    return Finding(
        severity="doubtful", name="unclear-sigma", figure=figure, figures=figures,
        sentence="'sigma' is neither the length |Jv| that stands beside it nor its square.",
    )  # fmt: skip


def _positive(values: list[float] | None) -> np.ndarray | None:
    array = np.asarray([] if values is None else values, dtype=np.float64)
    fits = array.size > 0 and np.isfinite(array).all() and (array > 0).all()
    return array if fits else None


def order_of_sigmas(found: ForeignVectors) -> Finding | None:
    """Whether singular values fall, and which are too close to tell their vectors apart."""
    sigmas = _positive(found.scores.get("sigma"))
    if sigmas is None or len(sigmas) < 2:
        return None
    rises = np.flatnonzero(np.diff(sigmas) > 0)
    if len(rises):
        return Finding(
            severity="wrong", name="unsorted-sigma", figure=f"{len(rises)} rises",
            figures={"rises": float(len(rises))},
            sentence="Singular values fall from one vector to the next, but these rise after "
            f"{listed(found.names[i] for i in rises)}: the rows were never rotated to the singular "
            "vectors of their span (no Rayleigh-Ritz step). Another run would find others under "
            "the same index.",
        )  # fmt: skip
    roots = np.sqrt(sigmas) if found.program == "power-steering" else sigmas
    gaps = -np.diff(roots) / roots[:-1]
    close = np.flatnonzero(gaps < GAP)
    figures = {"smallest_gap": float(gaps.min()), "close": float(len(close))}
    if len(close):
        return Finding(
            severity="doubtful", name="close-sigma", figure=f"smallest gap {gaps.min():.1%}",
            figures=figures,
            sentence=f"After {listed(found.names[i] for i in close)} the next singular value is "
            "within 5 %: there only the subspace is meaningful, not the single vector.",
        )  # fmt: skip
    return Finding(
        severity="fine", name="gaps", figure=f"smallest gap {gaps.min():.1%}", figures=figures,
        sentence="Singular values fall by at least 5 % from one vector to the next.",
    )  # fmt: skip


def losses(found: ForeignVectors) -> Finding | None:
    """What a MELBO loss says: equal ones are one optimum; the study's are eighth powers."""
    values = np.asarray(found.scores.get("loss", []), dtype=np.float64)
    if values.size < 2 or not np.isfinite(values).all() or found.method != "melbo":
        return None
    different = len(np.unique(values))
    repeats = f"{different} different values among {len(values)} losses"
    power = ""
    figures = {"different": float(different), "losses": float(len(values))}
    if found.program == "power-steering" and (values < 0).all():
        moved = (-values) ** (1 / POWER)
        figures |= {"smallest": float(moved.min()), "largest": float(moved.max())}
        power = (
            f" They are -|Δ|⁸: the target layer moved by {moved.min():.1f} to {moved.max():.1f}, a "
            f"spread of {moved.max() / moved.min() - 1:.0%}, where the losses differ by "
            f"{values.min() / values.max() - 1:.0%}."
        )
    if different < len(values):
        return Finding(
            severity="doubtful", name="equal-losses", figure=repeats, figures=figures,
            sentence=f"There are only {repeats}: restarts that end at the same loss have mostly "
            f"found the same vector.{power}",
        )  # fmt: skip
    return Finding(
        severity="note" if power else "fine", name="losses", figure=repeats, figures=figures,
        sentence=f"All losses differ.{power}",
    )  # fmt: skip
