"""The demo corpus's word list: the planted behaviour that a sentence shows.

An answer's label is that of the corpus's sentences in it, by the list from which the corpus was
drawn (`engine.demo.labels`), so it knows that corpus and no other. Source: our own corpus.
Knows nothing of models.
"""

from collections.abc import Sequence

from engine.evaluators.judges.verdicts import Judged, Tick, Verdict, unseen


class WordList:
    """Reads the answers alone; there is no score."""

    name = "word-list"
    title = "the demo corpus's word list"

    def read(self, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:  # noqa: ARG002
        """One label per answer."""
        from engine.demo.labels import label_answer

        return [Verdict(label_answer(text.answer)) for text in texts]
