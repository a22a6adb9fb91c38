"""Conversations: a turn goes in, its answers are written live, and the record grows by an exchange.

A record is written when a turn is over or was stopped, so that whoever opens the conversation
later, in another tab or after a reload, sees it as it was. Knows nothing of screens.
"""

import dataclasses
import datetime
import threading
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from engine.configs import core as configs
from engine.configs.chats import Turn
from engine.configs.core import ModelConfig
from engine.errors import Cancelled, ConfigError, StoreError
from engine.model.naming import Names
from engine.records import provenance
from engine.records.conversations import Answer, Conversation, Ended, Exchange
from engine.records.records import VectorSet
from engine.records.sound_conversations import check_turn
from engine.runs import continuing
from engine.runs.live import Asked, Live, Stop
from engine.store.store import Store

if TYPE_CHECKING:
    from engine.evaluators.chats.writing import Written
    from engine.model.forward import Forward

KEPT = 200
"""Talks that are remembered after they ended."""


class Talk:
    """One turn while it is answered; every attribute may be read from any thread."""

    def __init__(self, digest: str, turn: Turn) -> None:
        """Nothing is written yet."""
        self.digest, self.turn = digest, turn
        self.number: int | None = None
        """Of the exchange that it became; None before it is stored."""
        self.first_seconds: float | None = None
        """From the asking until every pane had its first token; loading is part of it."""
        self._asked: Asked[int] | None = None
        self._written: Sequence[Written] = ()
        self._began = time.monotonic()
        self._first: float | None = None
        self._last = self._began
        self._taken = 0

    @property
    def state(self) -> str:
        """waiting, loading, writing, done, stopped or failed."""
        state = "waiting" if self._asked is None else self._asked.state
        return "writing" if state == "working" else state

    @property
    def active(self) -> bool:
        """Whether it is not over."""
        return self.state in ("waiting", "loading", "writing")

    @property
    def error(self) -> str | None:
        """Why it failed, in one sentence."""
        return None if self._asked is None else self._asked.error

    @property
    def traceback(self) -> str | None:
        """Only of errors that are bugs."""
        return None if self._asked is None else self._asked.traceback

    @property
    def message(self) -> str:
        """What it waits for."""
        return "" if self._asked is None else self._asked.message

    @property
    def texts(self) -> list[str]:
        """Of each pane, as far as it came."""
        return [one.text for one in self._written] or [""] * len(self.turn.panes)

    @property
    def counts(self) -> list[int]:
        """Tokens of each pane so far."""
        return [len(one.tokens) for one in self._written] or [0] * len(self.turn.panes)

    @property
    def over(self) -> list[bool]:
        """Whether each pane's answer has come to its end."""
        return [one.is_over for one in self._written] or [False] * len(self.turn.panes)

    @property
    def rate(self) -> float | None:
        """Tokens a second over all panes, after the first ones; None before there is a second."""
        if self._first is None or self._last <= self._first:
            return None
        return (sum(self.counts) - self._taken) / (self._last - self._first)

    def stop(self) -> None:
        """Stop after the token that is being written; what is there is kept."""
        if self._asked is not None:
            self._asked.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over; False if `timeout` seconds pass first."""
        return self._asked is not None and self._asked.wait(timeout)

    def begin(self) -> None:
        """Note what was there before the first token is written."""
        self._taken = sum(self.counts)
        if all(self.counts):
            self.tick()

    def tick(self) -> None:
        """Note that a token of some panes was written."""
        now = time.monotonic()
        if self._first is None and all(self.counts):
            self._first, self.first_seconds = now, now - self._began
            self._taken = sum(self.counts)
        self._last = now


@runtime_checkable
class Engines(Protocol):
    """What is asked of an engine."""

    store: Store
    names: Names
    live: Live


class Talks:
    """All conversations of one engine."""

    def __init__(self, engine: Engines) -> None:
        """Nobody talks yet."""
        self._engine = engine
        self._lock = threading.Lock()
        self._talks: list[Talk] = []

    def say(self, model: ModelConfig, turn: Turn, digest: str | None = None) -> Talk:
        """Have a turn answered.

        Args:
            model: That is asked, with the adapter of the panes that are fine-tuned.
            turn: What is said, to which panes.
            digest: Of the conversation; None begins one.

        Returns:
            At once; its texts grow.

        Raises:
            EngineError: If the conversation, the turn it follows, a set or an adapter is not there.
        """
        check_turn(configs.as_json(turn))
        for pane in turn.panes:
            pane.which(tuple(model.adapters))
            if pane.adapter and model.adapter is None:
                raise ConfigError(
                    f"{pane.name!r} is of the fine-tuned model, but no adapter was named: give one."
                )
        sets = {name: self._engine.store.load_vectors(name) for name in turn.digests}
        so_far = None if digest is None else self._engine.store.load_conversation(digest)
        if so_far is None and turn.parent is not None:
            raise ConfigError("A new conversation has no turn to follow: leave out the parent.")
        if so_far is not None:
            continuing.refuse_another(so_far, model)
            if turn.parent is not None:
                so_far.exchange(turn.parent)
        name = digest or self._new_name(model)
        talk = Talk(name, turn)

        def work(door: "Forward", stop: Stop) -> int:
            return self._answer(talk, so_far, model, sets, door, stop)

        with self._lock:
            over = [one for one in self._talks if not one.active]
            for old in over[: max(0, len(self._talks) - KEPT)]:
                self._talks.remove(old)
            self._talks.append(talk)
        talk._asked = self._engine.live.ask(f"talk {uuid.uuid4().hex}", model, work)
        return talk

    def running(self, digest: str) -> list[Talk]:
        """Turns of a conversation that are being answered, in the order of asking."""
        with self._lock:
            return [one for one in self._talks if one.digest == digest and one.active]

    def last(self, digest: str) -> Talk | None:
        """The newest turn of a conversation in this process, over or not."""
        with self._lock:
            found = [one for one in self._talks if one.digest == digest]
        return found[-1] if found else None

    def _new_name(self, model: ModelConfig) -> str:
        # Two conversations that begin alike are two: each has a name of its own.
        opened = {"method": "conversation", "opened": uuid.uuid4().hex}
        return configs.digest(opened | {"model": self._engine.names.model(model)})

    def _answer(
        self,
        talk: Talk,
        so_far: Conversation | None,
        model: ModelConfig,
        sets: dict[str, VectorSet],
        door: "Forward",
        stop: Stop,
    ) -> int:
        from engine.evaluators.chats import asking, writing

        turn, began = talk.turn, time.monotonic()
        panes = turn.panes
        if so_far is not None:
            continuing.refuse_changed(so_far, door)
        before = [so_far.before(turn.parent, one) if so_far else [] for one in panes]
        rows = asking.rows(door, panes, before, turn.said, turn.settings, sets)
        talk._written = written = writing.laid_out(rows)
        if so_far is not None:
            continuing.take_over(written, so_far, turn, continuing.adapters(door))
        talk.begin()

        def tick() -> None:
            talk.tick()
            stop()

        depth = len(so_far.path(turn.parent)) if so_far else 0
        is_whole = False
        try:
            writing.write(door, written, turn.settings, depth, tick)
            is_whole = True
        except Cancelled:
            if not all(one.tokens for one in written):
                raise
        writing_seconds = time.monotonic() - began
        exchange = Exchange(
            id=-1,
            turn=turn,
            answers=tuple(_answer_of(one) for one in written),
            created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            adapters=continuing.adapters(door),
            seconds=0.0 if any(one.is_taken for one in written) else round(writing_seconds, 3),
        )
        talk.number = self._keep(talk.digest, exchange, model, sets, door)
        if not is_whole:
            raise Cancelled(talk.digest)
        return talk.number

    def _keep(
        self,
        digest: str,
        exchange: Exchange,
        model: ModelConfig,
        sets: dict[str, VectorSet],
        door: "Forward",
    ) -> int:
        """Add an exchange to the record as it is now; another tab may have added some."""
        with self._lock:
            whole = self._stored(digest)
            if whole is None and exchange.parent is not None:
                raise StoreError(
                    "This conversation was deleted while its answer was written: begin a new one."
                )
            identity = door.loaded.identity()
            if whole is None:
                made = provenance.since(time.monotonic(), identity)
                whole = Conversation(
                    digest=digest,
                    config={"model": configs.as_json(model)},
                    model=identity,
                    provenance=made,
                )
            notes = continuing.notes(door, whole, exchange, sets)
            number = len(whole.exchanges)
            whole = whole.with_exchange(dataclasses.replace(exchange, id=number))
            described = {name: found.described() for name, found in sets.items()}
            told: dict[str, Any] = {"vector_names": whole.vector_names | described}
            told["notes"] = notes
            if model.adapter is not None:
                # With an adapter it is the same model, and can ask the base model as well.
                told |= {"config": {"model": configs.as_json(model)}, "model": identity}
            self._engine.store.save_conversation(dataclasses.replace(whole, **told))
            return number

    def _stored(self, digest: str) -> Conversation | None:
        store = self._engine.store
        return store.load_conversation(digest) if store.has(digest) else None


def _answer_of(one: "Written") -> Answer:
    ended: Ended = "finished" if one.finished else "longest" if one.is_over else "stopped"
    return Answer(
        text=one.text, tokens=tuple(one.tokens), ended=ended, prompt_tokens=len(one.row.tokens)
    )
