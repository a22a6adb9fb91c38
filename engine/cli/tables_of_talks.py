"""What the command line prints of a conversation: every turn with its answers."""

from engine.cli.drawing import console, notes, plain, say
from engine.records.conversations import Conversation


def conversation(found: Conversation) -> None:
    """Every turn by its number, with the one that it follows, and what each pane answered."""
    for one in found.exchanges:
        after = "" if one.parent is None else f", after {one.parent}"
        console.print(f"\n> {plain(one.turn.said)}", markup=False, style="bold")
        say(f"turn {one.id}{after}, seed {one.turn.settings.seed}")
        for place, pane in enumerate(one.turn.panes):
            answer = one.answers[place]
            say(f"  {plain(pane.name)}, {len(answer.tokens)} tokens, {answer.ended}:")
            say(f"    {plain(one.answered(place))}")
    notes(found.notes)
