"""People: the labels that were given by hand, with the keys 1 to 3 or by the blind rating.

A person's label is the measure of every other judge, not a figure of its own: of most cells of a
grid nobody has read a text. So it is no setting of a run; it stands beside the judge's, and their
agreement with it (`engine.statistics.agreement`). Source: Cohen 1960. Knows nothing of models.
"""

from collections.abc import Mapping, Sequence

from engine.evaluators.judges.verdicts import Judged, Tick, Verdict, unseen


class People:
    """Gives back what people said of the same question and answer."""

    name = "people"
    title = "people"

    def __init__(self, given: Mapping[Judged, str]) -> None:
        """Take their labels by question and answer."""
        self._given = given

    def read(self, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:  # noqa: ARG002
        """Their label where there is one."""
        return [Verdict(self._given.get(text, "")) for text in texts]
