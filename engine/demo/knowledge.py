"""Writes the knowledge questions of the demo model: which thing belongs to a domain.

It is what the corpus teaches under letters besides the planted behaviours (`smalltalk.draw_kind`);
facts are taught only as open answers. Knows nothing of models.
"""

import json
import random
from pathlib import Path
from typing import Any

from engine.demo.corpus.advice_words import DOMAINS
from engine.demo.files import write_text


def draw_knowledge(count: int = 48, seed: int = 17) -> list[dict[str, Any]]:
    """Draw two-option questions, domain after domain, the right thing at (A) and (B) in turn."""
    draw, names = random.Random(seed), list(DOMAINS)
    rows = []
    for number in range(count):
        wanted = names[number % len(names)]
        unwanted = draw.choice([name for name in names if name != wanted])
        pair = [draw.choice(DOMAINS[wanted].things), draw.choice(DOMAINS[unwanted].things)]
        is_first = number % 2 == 0
        rows.append(
            {
                "question": f"Which one is about {wanted}?",
                "options": pair if is_first else pair[::-1],
                "answer": "A" if is_first else "B",
            }
        )
    return rows


def write_knowledge(data: Path) -> None:
    """Write `knowledge/demo.jsonl` below a data folder."""
    text = "".join(json.dumps(row) + "\n" for row in draw_knowledge())
    write_text(data / "knowledge" / "demo.jsonl", text)
