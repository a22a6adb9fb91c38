"""Conversations as values and as files: the tree, what comes before a turn, what is refused."""

import json

import pytest

from engine.configs.chats import Chip, Pane, Settings, Turn
from engine.errors import ConfigError, DataError, StoreError
from engine.records.conversations import Answer, Conversation, Exchange, Said
from engine.records.records import Provenance
from engine.store.store import Store

MADE = Provenance(
    created="2026-11-29T10:00:00+00:00",
    seconds=1.0,
    packages={},
    commit=None,
    dirty=None,
    device="cpu",
    dtype="float32",
)
PLAIN = Pane(name="unsteered")
STEERED = Pane(name="steered", chips=(Chip(digest="0123456789ab", scale=2.0),))


def exchange(number: int, parent: int | None, said: str, panes=(PLAIN, STEERED)) -> Exchange:
    return Exchange(
        id=number,
        turn=Turn(said=said, panes=tuple(panes), parent=parent),
        answers=tuple(
            Answer(text=f"{pane.name} {number}", tokens=(1, 2), ended="longest") for pane in panes
        ),
        created=MADE.created,
    )


@pytest.fixture
def talk() -> Conversation:
    """0 begins; 1 and 2 follow it; 3 follows 1; 4 begins anew."""
    tree = [(0, None), (1, 0), (2, 0), (3, 1), (4, None)]
    return Conversation(
        digest="aaaabbbbcccc",
        config={"model": {"model": "demo"}},
        model={"short_name": "demo"},
        exchanges=tuple(exchange(n, parent, f"said {n}") for n, parent in tree),
        provenance=MADE,
    )


def test_the_tree(talk) -> None:
    assert [one.id for one in talk.path(3)] == [0, 1, 3]
    assert [one.id for one in talk.siblings(1)] == [1, 2]
    assert [one.id for one in talk.siblings(0)] == [0, 4]
    assert talk.last(0) == 2
    assert talk.last(1) == 3
    with pytest.raises(DataError, match="turns 0 to 4"):
        talk.exchange(5)


def test_each_pane_goes_on_from_its_own_answers_and_a_new_one_from_the_first(talk) -> None:
    assert talk.before(1, STEERED) == [
        Said("user", "said 0"),
        Said("assistant", "steered 0"),
        Said("user", "said 1"),
        Said("assistant", "steered 1"),
    ]
    assert talk.before(0, Pane(name="third"))[1] == Said("assistant", "unsteered 0")
    assert talk.before(None, PLAIN) == []


def test_a_conversation_survives_its_file(talk, tmp_path) -> None:
    store = Store(tmp_path)

    store.save_conversation(talk)

    assert store.load_conversation(talk.digest) == talk
    [info] = store.list()
    assert (info.kind, info.summary, info.method) == ("conversation", "5 turns", "conversation")
    assert store.is_whole(talk.digest)


def _parent_later(record: dict) -> None:
    record["exchanges"][1]["turn"]["parent"] = 3


def _answer_missing(record: dict) -> None:
    record["exchanges"][2]["answers"].pop()


def _ended_oddly(record: dict) -> None:
    record["exchanges"][2]["answers"][0]["ended"] = "perhaps"


def _no_pane_name(record: dict) -> None:
    record["exchanges"][2]["turn"]["panes"][0]["name"] = " "


@pytest.mark.parametrize("damage", [_parent_later, _answer_missing, _ended_oddly, _no_pane_name])
def test_a_tree_that_cannot_be_shown_is_refused_in_one_sentence(talk, tmp_path, damage) -> None:
    store = Store(tmp_path)
    path = store.save_conversation(talk)
    record = json.loads(path.read_text())
    record.pop("seal")
    damage(record)
    path.write_text(json.dumps(record))

    with pytest.raises(StoreError, match=path.name):
        store.load_conversation(path)


def test_panes_are_equal_where_they_do_the_same() -> None:
    off = Pane(name="steered", chips=(Chip(digest="0123456789ab", scale=2.0, is_on=False),))
    still = Pane(name="steered", chips=(Chip(digest="0123456789ab", scale=0.0),))

    assert off.effect == still.effect == PLAIN.effect != STEERED.effect
    assert off.columns == ()
    assert STEERED.digests == ("0123456789ab",)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Turn(said=" ", panes=(PLAIN,)), "Nothing was said"),
        (lambda: Turn(said="x", panes=()), "No pane"),
        (lambda: Turn(said="x", panes=(PLAIN, PLAIN)), "named 'unsteered'"),
        (lambda: Pane(name="x", chips=(Chip(digest="0123456789ab"),) * 5), "at most 4"),
        (lambda: Chip(digest="0123456789ab", dose="0.5"), "pane's"),
        (lambda: Chip(digest="0123456789ab", scale=float("nan")), "finite"),
        (lambda: Settings(top_p=0.5), "temperature 0"),
        (lambda: Settings(max_new_tokens=0), "new tokens"),
    ],
)
def test_what_means_nothing_is_refused(make, words) -> None:
    with pytest.raises(ConfigError, match=words):
        make()
