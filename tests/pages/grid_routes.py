"""Random routes through the form of a new grid, and what it must hold after each step.

What drives the form, an AppTest or a browser, is handed in. A driver opens the form afresh, writes
and reads fields by their keys, opens and closes popovers, adds and removes columns, leaves the page
and comes back, runs the script again, and generates with the keyboard and returns to the form; a
browser also loads the page anew.
"""

import random
from collections.abc import Iterator
from typing import Any, Protocol

KINDS = ("Columns", "Scale sweep", "Matrix")
WORDS = ("Line of mine", "How do I bake bread?", "Why not?\n---\nA second prompt")
NUMBERS = {
    "grid_temperature": (0.7, 1.2), "grid_top_p": (0.9, 0.75), "grid_top_k": (7, 40),
    "grid_samples": (1, 2), "grid_max_new_tokens": (5, 9), "grid_seed": (3, 12),
    "grid_neutral": (0, 2),
}  # fmt: skip
SAMPLING, FORM = tuple(NUMBERS), ("grid_prompts", "grid_system")
MODELS = ("base", "fine-tuned")
UNITS = ("\u00d7 vector", "\u00d7 residual norm")
BEHIND = {
    "layers": ("all", "3, 4"), "positions": ("prompt", "response"), "preserve_norm": (True, False),
    "unit_norm": (True, False),
}  # fmt: skip
"""Fields of every column with a vector, behind its button."""
PLAIN: dict[str, dict[str, tuple[Any, ...]]] = {
    "1": {"adapter": MODELS, "scale": (0.5, -1.5, 2.0), "scale_unit": UNITS},
    "2": {"adapter": MODELS, "scale": (1.5, -0.5), "scale_unit": UNITS},
    "sweep": {"adapter": MODELS, "scales": ("-1, 1", "0.5, 1, 2"), "scale_unit": UNITS},
    "matrix": {"scales": ("-2, 2", "1"), "scale_unit": UNITS},
}
HEADINGS = {"name": ("A heading of mine", "Another")}
PAGES = ("curves", "library", "similarity")


class Driver(Protocol):
    """What a route is gone with."""

    def write(self, key: str, value: Any, leave_at_once: str | None = None) -> None: ...
    def read(self, key: str) -> Any: ...
    def open(self, popover: str) -> None: ...
    def close(self, popover: str) -> None: ...
    def press(self, key: str) -> None: ...
    def leave(self, page: str) -> None: ...
    def rerun(self) -> None: ...
    def generate(self) -> None: ...
    def reload(self) -> None: ...


def popover(key: str) -> str | None:
    """Behind which button a field stands."""
    if key in SAMPLING:
        return "sampling"
    column, _, name = key.removeprefix("col_").partition("_")
    is_behind = key.startswith("col_") and name in (*BEHIND, *HEADINGS)
    return f"further_{column}" if is_behind else None


def kind(key: str) -> str | None:
    """The kind of grid that a field is of; None of every kind."""
    if not key.startswith("col_"):
        return None
    return {"sweep": KINDS[1], "matrix": KINDS[2]}.get(key.split("_")[1], KINDS[0])


def fields() -> dict[str, tuple[Any, ...]]:
    """What can be written, by key."""
    found: dict[str, tuple[Any, ...]] = {key: WORDS for key in FORM} | NUMBERS
    for column, own in PLAIN.items():
        more = HEADINGS if column.isdecimal() else {}
        for name, values in (own | BEHIND | more).items():
            found[f"col_{column}_{name}"] = values
    found["grid_system"] = WORDS[:2]
    return found


class Route:
    """One reader at the form, with a model of what it must hold."""

    def __init__(self, driver: Driver, seed: int, reloads: bool = False) -> None:
        """With `reloads` the page is also loaded anew, which only a browser can."""
        self.driver, self.draw = driver, random.Random(seed)
        self.reloads = reloads
        self.kind, self.open = KINDS[0], None
        self.written: dict[str, Any] = {}
        self.told: list[str] = []
        self.added = 0

    def steps(self, count: int) -> Iterator[str]:
        """Take random steps; each yields what was done."""
        known = fields()
        ways = ("write", "write", "write", "write_and_go", "leave", "rerun", "columns", "kind",
                "generate", *(["reload", "reload"] if self.reloads else []))  # fmt: skip
        for _ in range(count):
            way = self.draw.choice(ways)
            key = self.draw.choice(sorted(known))
            if way in ("write", "write_and_go"):
                self.write(key, self.draw.choice(known[key]), way == "write_and_go")
            elif way == "leave":
                self._say(page := self.draw.choice(PAGES))
                self.close()
                self.driver.leave(page)
            elif way == "rerun":
                self._say(way)
                self.driver.rerun()
            elif way == "reload":
                self._say(way)
                self.open = None
                self.driver.reload()
            elif way == "columns":
                self.turn(KINDS[0])
                self.columns()
            elif way == "kind":
                self.turn(self.draw.choice(KINDS))
            else:
                self.generate()
            yield self.told[-1]

    def write(self, key: str, value: Any, leaves: bool) -> None:
        """Write a field, wherever it stands; with `leaves` the page is left with it in focus."""
        self.turn(kind(key))
        behind = popover(key)
        self.close() if behind is None else self.show(behind)
        leaves = leaves and isinstance(value, str) and behind is None and key in FORM
        page = self.draw.choice(PAGES) if leaves else None
        self._say(f"{key} = {value!r}" + (f", then {page}" if page else ""))
        self.driver.write(key, value, page)
        self.written[key] = value

    def turn(self, wanted: str | None) -> None:
        """Choose another kind of grid."""
        if wanted not in (None, self.kind):
            self._say(f"kind {wanted}")
            self.close()
            self.driver.write("grid_kind", wanted)
            self.kind = wanted

    def show(self, behind: str) -> None:
        if self.open != behind:
            self.close()
            self.driver.open(behind)
            self.open = behind

    def close(self) -> None:
        if self.open:
            self.driver.close(self.open)
            self.open = None

    def columns(self) -> None:
        """Add a column, or take the last one away again."""
        self.close()
        if self.added and self.draw.random() < 0.5:
            self._say("remove a column")
            self.driver.press("remove_column")
            self.added -= 1
        elif self.added < 2:
            self._say("add a column")
            self.driver.press("add_column")
            self.added += 1
        else:
            self._say("nothing")

    def generate(self) -> None:
        """Write a prompt, press Ctrl+Enter in it, and come back to the form."""
        self.close()
        # What cannot run is refused in words, and would not leave the form.
        for key, value in (("grid_samples", 1), ("grid_top_p", 1.0), ("grid_top_k", 0)):
            if self.written.get(key, value) != value:
                self.write(key, value, False)
        self.close()
        text = f"Question {self.draw.random():.6f}"
        self._say(f"generate {text}")
        self.driver.write("grid_prompts", text, "generate")
        self.written["grid_prompts"] = text

    def lost(self) -> list[str]:
        """Every value that the form shows and the reader did not write, or wrote otherwise."""
        wrong = []
        for wanted in KINDS:
            here = {k: v for k, v in self.written.items() if kind(k) in (None, wanted)}
            if not here and wanted != self.kind:
                continue
            self.turn(wanted)
            for key in sorted(here, key=lambda key: popover(key) or ""):
                behind = popover(key)
                self.close() if behind is None else self.show(behind)
                shown = self.driver.read(key)
                if shown != here[key]:
                    wrong.append(f"{key} is {shown!r}, was {here[key]!r}, after {self.told}")
            self.close()
        return wrong

    def _say(self, words: str) -> None:
        self.told.append(words)
