"""A conversation's drift in words, beside random directions. Knows nothing of Streamlit."""

from dashboard.words.strips import LEAST_RANK
from engine.records.drift import Drift
from engine.records.strips import SHARE

READS = (
    "Mean projection of every turn's tokens on the vector, in SD of neutral text at its block. "
    "It is read without steering: what is told is what was said, not that a vector was added."
)


def band(found: Drift) -> str:
    """What a turn's band is."""
    return f"{SHARE:.0%} of {found.randoms} random directions"


def answers(found: Drift) -> str:
    """How many answers lie beyond random directions, and how many would by chance."""
    own = found.of("assistant")
    if not own:
        return f"{found.pane}: no answer has a token of its own."
    beyond, steered = sum(one.is_beyond for one in own), sum(one.is_steered for one in own)
    count = f"{len(own)} answer{'s' * (len(own) != 1)}"
    return (
        f"{found.pane}: {beyond} of {count} beyond {band(found)}, about "
        f"{(1 - SHARE) * len(own):.1f} by chance; {steered} steered."
    )


def moved(found: Drift) -> str:
    """How far the answers went; why nothing is told where it is not."""
    one = found.moved
    if one is None:
        return "A second answer is needed to tell how far they move."
    is_beyond = one.rank <= LEAST_RANK * one.of
    verdict = "beyond random" if is_beyond else "not beyond random"
    return (
        f"From the first to the last answer {one.value:+.2f} SD; {band(found)} move less than "
        f"{one.bound:.2f}: {verdict} (rank {one.rank} of {one.of})."
    )
