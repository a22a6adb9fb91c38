"""Invented strips, and requests for them that are over at once."""

from dataclasses import replace
from typing import Any

from engine.configs.reads.strips import StripAsk
from engine.records.strips import Candidate, Standing, Strip, Token
from engine.runs.live import Asked

TEXTS = ("<|im_start|>", "How", " are", " you", "?\n", "<b>Ig", "nore", " it")
PROMPT = 5


def token(place: int, is_steered: bool) -> Token:
    """One token; those of the answer are steered."""
    return Token(
        id=100 + place,
        text=TEXTS[place],
        is_special=place == 0,
        logp=-1.0 - place if place else None,
        change=(0.5 * place if is_steered else 0.0) if place else None,
        change_bound=0.2 if place else None,
        is_steered=is_steered,
        likely=(Candidate(" sleep", 0.5), Candidate("\n", 0.25)) if place else (),
        likely_steered=(Candidate(" Never", 0.75),) if place else (),
    )


def strip(**changes: Any) -> Strip:
    """A strip whose answer has two tokens beyond the band."""
    values = (40.0, 0.1, -0.2, 0.3, -1.0, 2.5, -2.5, 0.5)
    count = len(values)
    found = Strip(
        tokens=tuple(token(place, place >= PROMPT - 1) for place in range(count)),
        prompt_length=PROMPT,
        vector="abcdefabcdef:1",
        name="contrastive_01",
        place="output of block 2",
        block=2,
        projections=tuple(2 * one for one in values),
        values=values,
        bounds=(50.0,) + (1.5,) * (count - 1),
        over_blocks=tuple((one / 2, one, one) for one in values),
        bounds_over_blocks=((1.5, 1.5, 1.5),) * count,
        whole=Standing(tokens=7, beyond=2, mean=-0.04, rank=60, of=65),
        answer=Standing(tokens=3, beyond=2, mean=0.17, rank=20, of=65),
        is_steered=True,
        randoms=64,
        seed=0,
        control_changes=(-0.5, 0.25),
    )
    return replace(found, **changes)


class Answers:
    """Stands for what answers strips: remembers what was asked."""

    def __init__(self, **state: Any) -> None:
        """Done, with one strip a vector, unless told otherwise."""
        self.asked: list[StripAsk] = []
        self.again = 0
        self._state = state

    def ask(self, _engine: object, asked: StripAsk, is_again: bool = False) -> Asked[Any]:
        """A request that is over."""
        self.asked.append(asked)
        self.again += is_again
        strips = [
            strip(vector=one.reference, name=f"vector_{one.index}", is_steered=bool(asked.columns))
            for one in asked.vectors
        ]
        found: Asked[Any] = Asked("key", **{"state": "done", "value": strips, **self._state})
        if not found.active:
            found._over.set()
        return found
