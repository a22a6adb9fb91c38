"""An engine whose conversations are answered when a test says so, with invented words."""

import dataclasses
from pathlib import Path

from engine.configs import core as configs
from engine.configs.chats import Chip, Pane, Turn
from engine.configs.core import ModelConfig
from engine.errors import ModelError
from engine.records.conversations import Answer, Conversation, Exchange
from engine.store.store import Store
from tests.pages.pair_samples import CONTRASTIVE, PairEngine
from tests.pages.samples import MODEL, provenance

MELBO = "aaaa00000001"
"""The set that `samples.fill` stores."""


class FakeTalk:
    """One turn that a test answers."""

    def __init__(self, digest: str, turn: Turn) -> None:
        self.digest, self.turn, self.state = digest, turn, "writing"
        self.number = self.error = self.traceback = self.first_seconds = self.rate = None
        self.message, self.texts = "", ["so far"] * len(turn.panes)
        self.counts, self.over = [2] * len(turn.panes), [False] * len(turn.panes)
        self.is_asked_to_stop = False

    def stop(self) -> None:
        self.is_asked_to_stop = True

    def wait(self, timeout: float | None = None) -> bool:
        return self.state not in ("waiting", "loading", "writing")


class FakeTalks:
    """Conversations of a fake engine."""

    def __init__(self, engine: "TalkEngine") -> None:
        self.engine, self.asked = engine, []
        self.models: list[ModelConfig] = []
        self.failure: Exception | None = None

    def say(self, model: ModelConfig, turn: Turn, digest: str | None = None) -> FakeTalk:
        if self.failure is not None:
            raise self.failure
        talk = FakeTalk(digest or f"{len(self.asked):012x}", turn)
        self.asked.append(talk)
        self.models.append(model)
        return talk

    def running(self, digest: str) -> list[FakeTalk]:
        return [one for one in self.asked if one.digest == digest and one.state == "writing"]

    def end(self, talk: FakeTalk | None = None, state: str = "done", *texts: str) -> FakeTalk:
        """Store a talk, the last one if left out, and let it be over."""
        talk = talk or self.asked[-1]
        store, turn = self.engine.store, talk.turn
        found = (
            store.load_conversation(talk.digest)
            if store.has(talk.digest)
            else Conversation(
                digest=talk.digest,
                config={"model": configs.as_json(ModelConfig())},
                model=MODEL,
                provenance=provenance(),
            )
        )
        words = texts or tuple(f"{one.name} on {turn.said}" for one in turn.panes)
        ended = "stopped" if state == "stopped" else "finished"
        answers = tuple(Answer(text=t, tokens=tuple(range(5)), ended=ended) for t in words)
        talk.number = len(found.exchanges)
        one = Exchange(
            id=talk.number, turn=turn, answers=answers, created=provenance().created, seconds=2.0
        )
        sets = [store.load_vectors(digest) for digest in turn.digests]
        named = found.vector_names | {one.digest: one.described() for one in sets}
        store.save_conversation(dataclasses.replace(found.with_exchange(one), vector_names=named))
        talk.state = state
        return talk

    def fail(self, error: str) -> None:
        """Let the last talk fail."""
        self.asked[-1].error, self.asked[-1].state = error, "failed"


def fill_talk(store: Store, digest: str = "7a1c00000001") -> str:
    """A conversation of one turn; its digest."""
    panes = (Pane(name="unsteered"), Pane(name="steered", chips=(Chip(digest=CONTRASTIVE),)))
    answers = tuple(Answer(text=one.name, tokens=(1, 2, 3)) for one in panes)
    turn = Turn(said="How do I rest?", panes=panes)
    made = provenance("2026-11-29T10:00:00+00:00")
    one = Exchange(id=0, turn=turn, answers=answers, created=made.created)
    config = {"model": configs.as_json(ModelConfig())}
    store.save_conversation(
        Conversation(digest=digest, config=config, model=MODEL, exchanges=(one,), provenance=made)
    )
    return digest


class TalkEngine(PairEngine):
    """A fake engine with conversations."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.talks = FakeTalks(self)

    def refuse(self, sentence: str) -> None:
        """Refuse whatever is asked next."""
        self.talks.failure = ModelError(sentence)


def save_branched(store: Store) -> str:
    """Store a conversation of two turns, two panes and a branch; its digest."""
    steered = Pane(name="steered", chips=(Chip(digest=MELBO, scale=2.0),))
    turns = [
        Turn(said="Hello.", panes=(Pane(name="unsteered"), steered)),
        Turn(said="And now?", panes=(steered,), parent=0),
        Turn(said="Hello again.", panes=(Pane(name="tuned", adapter=True),)),
    ]
    found = Conversation(
        digest="7a7a00000001",
        config={"model": configs.as_json(ModelConfig(adapter="demo"))},
        model=MODEL,
        provenance=provenance(),
        vector_names={MELBO: store.load_vectors(MELBO).described()},
    )
    for number, turn in enumerate(turns):
        answers = tuple(Answer(text=f"Said {pane.name}.", tokens=(5, 6)) for pane in turn.panes)
        found = found.with_exchange(
            Exchange(id=number, turn=turn, answers=answers, created=provenance().created)
        )
    store.save_conversation(found)
    return found.digest
