"""No judge: every answer stays without a label. Knows nothing of models."""

from collections.abc import Sequence

from engine.evaluators.judges.verdicts import Judged, Tick, Verdict, unseen


class Nobody:
    """Labels nothing."""

    name = "none"
    title = "no judge"

    def read(self, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:  # noqa: ARG002
        """As many empty verdicts."""
        return [Verdict()] * len(texts)
