"""A turn of a conversation as a card, with the turns before it. Draws no charts."""

from dataclasses import asdict

from dashboard.cards import card, lettering, recipes
from dashboard.cards import texts as cells
from dashboard.cards.card import Card
from dashboard.cards.texts import LEADING, SIZE, Cell
from dashboard.words import captions, panes
from engine.maths.repeats import repetition
from engine.records.conversations import Conversation, Exchange

MOST_TURNS = 3
MOST_SAID, MOST_PROMPT = 2, 2000
"""Lines of an earlier turn's words; signs of a system prompt that a recipe keeps."""


def of_turn(talk: Conversation, number: int, address: str) -> Card:
    """What every pane answered in a turn, beneath the turns before it.

    Args:
        talk: The conversation.
        number: Of the exchange.
        address: The relative link to the view.
    """
    path = talk.path(number)
    shown, last = path[-MOST_TURNS:], path[-1]
    parts, y = [], 0.0
    for one in shown:
        if len(path) > 1:
            for line in lettering.wrap(f"You: {one.turn.said}", card.ROOM, SIZE, MOST_SAID, True):
                parts.append(lettering.line(line, 0, y + 14, SIZE, card.INK, True))
                y += LEADING
            y += 6
        body, y = cells.rows([_cell(talk, one, place) for place in range(len(one.answers))], y)
        parts.append(body)
    note = "One text is an anecdote: ask several times, or send it to Generations as a grid."
    if len(path) > len(shown):
        note += f" {captions.count(len(path) - len(shown), 'earlier turn')} not drawn."
    title = f"\u201c{last.turn.said.strip()}\u201d"
    view = card.view(address, recipe(talk, last))
    return card.framed(title, note, "".join(parts), y, view)


def _cell(talk: Conversation, one: Exchange, place: int) -> Cell:
    answer = one.answers[place]
    words = [panes.pane(one.turn.panes[place], talk.vector_names)]
    words.append(captions.count(len(answer.tokens), "token"))
    words += [] if answer.ended == "finished" else [answer.ended.replace("longest", "cut off")]
    repeats = repetition(answer.tokens)
    words += [f"repetition {repeats:.2f}"] if repeats else []
    return Cell(one.turn.panes[place].name, one.answered(place), " \u00b7 ".join(words))


def recipe(talk: Conversation, one: Exchange) -> recipes.Recipe:
    """How a turn was made."""
    settings = one.turn.settings
    told = {
        f"pane {place + 1}": f"{pane.name}: {panes.pane(pane, talk.vector_names)}"
        for place, pane in enumerate(one.turn.panes)
    }
    digests = ", ".join(one.turn.digests)
    return {
        **recipes.of_model(talk.model),
        **told,
        **({"sets": digests} if digests else {}),
        "sampling": recipes.sampling(asdict(settings)),
        **({"begins with": settings.prefill[:MOST_PROMPT]} if settings.prefill else {}),
        "template": "none: raw text"
        if settings.is_raw
        else recipes.template(talk.model, settings.system and settings.system[:MOST_PROMPT]),
        "seed": str(settings.seed),
        "record": f"{recipes.stamp(talk.digest, talk.provenance)}, turn {one.id}",
    }
