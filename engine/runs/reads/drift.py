"""Drift over a conversation, from the stored one to the request that answers it live.

Knows nothing of screens. Importing it does not import torch.
"""

from typing import TYPE_CHECKING

from engine.configs import core as configs
from engine.configs.core import ModelConfig
from engine.configs.reads.drift import DriftAsk, Spoken
from engine.configs.reads.strips import VectorAt
from engine.configs.values import built
from engine.records.conversations import Conversation, Exchange
from engine.records.drift import Drift
from engine.runs.engine import Engine
from engine.runs.live import Asked, Stop
from engine.runs.reads.strips import in_turn

if TYPE_CHECKING:
    from engine.model.forward import Forward


def asks(
    talk: Conversation, number: int, vectors: tuple[VectorAt, ...], seed: int = 0
) -> list[DriftAsk]:
    """What is asked of a conversation up to a turn, for each of that turn's panes.

    Args:
        talk: The conversation.
        number: Of the last exchange.
        vectors: That are read.
        seed: Of the random directions.

    Raises:
        DataError: If there is no such turn.
    """
    last = talk.exchange(number)
    return [_ask(talk, last, place, vectors, seed) for place in range(len(last.turn.panes))]


def _ask(
    talk: Conversation, last: Exchange, place: int, vectors: tuple[VectorAt, ...], seed: int
) -> DriftAsk:
    pane, settings = last.turn.panes[place], last.turn.settings
    turns = []
    if settings.system and not settings.is_raw:
        turns.append(Spoken(role="system", text=settings.system))
    for one in talk.path(last.parent):
        turns += _exchange(one, one.pane(pane.name))
    asked, answered = _exchange(last, place)
    answered = Spoken(
        role="assistant",
        text=answered.text,
        is_steered=answered.is_steered,
        prefill=settings.prefill,
        tokens=last.answers[place].tokens,
    )
    model: ModelConfig = built(ModelConfig, talk.config["model"])
    return DriftAsk(
        turns=(*turns, asked, answered),
        vectors=vectors,
        pane=pane.name,
        model=model,
        adapter=pane.adapter,
        dose=pane.dose,
        is_raw=settings.is_raw,
        seed=seed,
    )


def _exchange(one: Exchange, place: int) -> tuple[Spoken, Spoken]:
    is_steered = bool(one.turn.panes[place].columns)
    said = Spoken(role="user", text=one.turn.said)
    return said, Spoken(role="assistant", text=one.answered(place), is_steered=is_steered)


def ask(engine: Engine, asked: DriftAsk, is_again: bool = False) -> Asked[list[Drift]]:
    """The request that reads it, one drift a vector; the same for equal asks.

    Args:
        engine: Whose model is asked.
        asked: What is read.
        is_again: Whether one that failed or was stopped is tried again; else it is handed back.

    Raises:
        StoreError: If a vector's set is not there.
    """
    key = f"drift {configs.digest(configs.as_json(asked))}"
    known = engine.live.get(key)
    if known is not None and not is_again:
        return known
    sets = {digest: engine.store.load_vectors(digest) for digest in asked.digests}

    def work(door: "Forward", stop: Stop) -> list[Drift]:
        from engine.evaluators.tokens import drift
        from engine.evaluators.tokens.asked import pointed

        vectors = [pointed(one, sets[one.digest], door) for one in asked.vectors]
        with in_turn(stop):
            return drift.read(door, asked, vectors, check=stop)

    return engine.live.ask(key, asked.model, work)
