"""How live the chat is on the real model: `python -m tests.browser.measure_chat [--model NAME]`.

Starts the real dashboard on a copy of the shipped records and clicks in a real Chromium: clicks
until something is seen, seconds from a strength that is let go to the first token on screen,
tokens a second, and that nothing mixes or is lost. Prints one line a figure with its bar; the exit
code is 1 if one is missed. Not part of the tests: it takes minutes, and needs the model's package.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rich.console import Console

from engine.configs import core as configs
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.store.store import Store
from tests.browser import figures_store
from tests.browser.server import Dashboard, browsing, settle

IDLE, BUSY, RATE, CLICKS, MORE_CLICKS = 1.0, 1.5, 5.0, 2, 8
"""What must hold: seconds, seconds while a sweep runs, tokens a second over two panes, clicks."""
REPEATS = 5
PARTS = ("clicks", "idle", "busy")
PATIENCE = 600_000
STEERED = '.st-key-chat_live_1 [data-testid="stText"]'
WATCH = """
wanted => {
  const state = {began: null, shown: null};
  window.chat = state;
  const begin = () => { if (state.began === null) state.began = performance.now(); };
  for (const kind of ["pointerup", "keyup"])
    document.addEventListener(kind, begin, {capture: true, once: true});
  const look = () => {
    if (state.began === null || state.shown !== null) return;
    const found = document.querySelector(wanted);
    if (found && found.innerText.trim()) state.shown = performance.now();
  };
  new MutationObserver(look).observe(
    document.body, {subtree: true, childList: true, characterData: true});
}
"""
out = Console(highlight=False, soft_wrap=True)


class Report:
    """Says each figure beside its bar, and remembers what was missed."""

    def __init__(self) -> None:
        self.missed = 0

    def add(self, name: str, value: str, is_held: bool | None = None) -> None:
        """Print one line; None has no bar."""
        self.missed += is_held is False
        verdict = {None: "", True: "  holds", False: "  MISSED"}[is_held]
        out.print(f"{name}: {value}{verdict}  (load {os.getloadavg()[0]:.1f})")


class Reader:
    """A tab with somebody who counts clicks."""

    def __init__(self, browser: Any, address: str) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 720}, base_url=address)
        self.page, self.clicks = context.new_page(), 0
        self.page.set_default_timeout(PATIENCE)

    def open(self, path: str, heading: str) -> None:
        """Open a page."""
        self.page.goto(path)
        self.page.get_by_role("heading", name=heading, exact=True).wait_for()
        settle(self.page)

    def click(self, key: str) -> None:
        """Click the button of a key."""
        self.page.locator(f".st-key-{key} button").first.click()
        self.clicks += 1

    def say(self, words: str) -> None:
        """Write a message and send it."""
        field = self.page.get_by_test_id("stChatInput").locator("textarea")
        field.fill(words)
        field.press("Enter")

    def move(self, key: str = "ArrowLeft") -> None:
        """Move the strength by a step, and let it go: one click of a mouse does the same."""
        strength = self.page.locator(".st-key-chat_strength input[type=range]")
        strength.focus()
        self.page.keyboard.press(key)
        self.clicks += 1

    def answered(self) -> None:
        """Wait until nothing is written any more."""
        self.page.locator(".st-key-chat_reroll").wait_for()
        settle(self.page)

    def texts(self) -> list[str]:
        """The answers of the last turn, as they stand on screen."""
        turns = self.page.locator('[class*="st-key-chat_turn_"]').last
        return [one.inner_text() for one in turns.get_by_test_id("stText").all()]

    def first_token(self) -> float:
        """Seconds from a strength that is let go to the steered pane's first token on screen."""
        self.page.evaluate(WATCH, STEERED)
        self.move()
        self.page.wait_for_function("() => window.chat.shown !== null", timeout=PATIENCE)
        seen = self.page.evaluate("() => (window.chat.shown - window.chat.began) / 1000")
        return float(seen)

    def stop(self) -> None:
        """Stop what is written; wait until it is over."""
        self.page.locator(".st-key-chat_stop button").first.click()
        self.answered()


def clicks(report: Report, reader: Reader) -> None:
    """Clicks from the first visit to a steered text, and to two models at three strengths."""
    reader.open("/", "Vectorscope")
    reader.click("chat_study")
    reader.page.locator(".st-key-chat_first_0").wait_for()
    settle(reader.page)
    began = time.monotonic()
    reader.click("chat_first_0")
    reader.page.locator(STEERED).first.wait_for()
    first = reader.clicks
    report.add("clicks from the first visit to a steered text", f"{first}", first <= CLICKS)
    took = time.monotonic() - began
    report.add("first steered token of a model that was not loaded", f"{took:.1f} s")
    reader.answered()
    reader.click("chat_add_tuned")
    reader.answered()
    for _ in range(2):
        before = reader.clicks
        reader.move()
        reader.answered()
    report.add(
        "clicks for the next strength", f"{reader.clicks - before}", reader.clicks - before == 1
    )
    whole = reader.clicks
    report.add("clicks to base and LoRA at 3 strengths", f"{whole}", whole <= MORE_CLICKS)


def first_tokens(report: Report, reader: Reader, when: str, bar: float) -> None:
    """The wait after the strength is let go, several times."""
    seconds = []
    for _ in range(REPEATS):
        seconds.append(reader.first_token())
        reader.page.wait_for_timeout(1500)
        reader.stop()
    middle = statistics.median(seconds)
    each = ", ".join(f"{one:.2f}" for one in seconds)
    report.add(f"first steered token, {when}", f"median {middle:.2f} s of {each}", middle <= bar)


def rate(report: Report, reader: Reader, store: Path) -> None:
    """Tokens a second over two panes whose texts are both new."""
    reader.say("Tell me about a visit to the market.")
    reader.page.locator(STEERED).first.wait_for()
    reader.answered()
    one = newest(reader, store)
    tokens = sum(len(answer["tokens"]) for answer in one["answers"])
    pace = tokens / one["seconds"]
    told = f"{pace:.1f} tokens a second ({tokens} tokens in {one['seconds']:.1f} s)"
    report.add("two panes", told, pace >= RATE)


def stops(report: Report, reader: Reader, store: Path) -> None:
    """How many tokens are written after Stop is clicked."""
    reader.move()
    reader.page.locator(STEERED).first.wait_for()
    reader.page.wait_for_timeout(2500)
    words = reader.page.locator(".st-key-chat_live_1").inner_text()
    shown = int((re.search(r"(\d+) tokens?", words) or ["0", "0"])[1])
    began = time.monotonic()
    reader.stop()
    took = time.monotonic() - began
    one = newest(reader, store)
    kept = len(one["answers"][1]["tokens"])
    told = f"{took:.2f} s until it stood; {shown} tokens on screen at the click, {kept} kept"
    report.add("stop", told, one["answers"][1]["ended"] == "stopped")


def restores(report: Report, reader: Reader) -> None:
    """A reload gives the same texts, strength and turn."""
    before, address = reader.texts(), reader.page.url
    strength = reader.page.locator(".st-key-chat_strength input").input_value()
    reader.page.reload()
    reader.answered()
    same = (
        reader.texts() == before
        and reader.page.url == address
        and reader.page.locator(".st-key-chat_strength input").input_value() == strength
    )
    report.add("reload restores texts, turn and strength", "same" if same else "other", same)


def apart(report: Report, browser: Any, address: str) -> None:
    """Two tabs that talk at once see only their own words, as stored."""
    tabs = [Reader(browser, address) for _ in range(2)]
    said = ["Describe a walk through the woods.", "Write a few lines about an old house."]
    for one in tabs:
        one.open("/chat", "Chat")
    for one, words in zip(tabs, said, strict=True):
        one.say(words)
    for one in tabs:
        one.answered()
    shown = [one.texts() for one in tabs]
    alone = all(texts[0] == words for texts, words in zip(shown, said, strict=True))
    are_two = tabs[0].page.url != tabs[1].page.url
    report.add("two tabs at once", "apart" if alone and are_two else "mixed", alone and are_two)


def newest(reader: Reader, store: Path) -> dict[str, Any]:
    """The exchange that a tab's link names, as it is stored."""
    asked = parse_qs(urlsplit(reader.page.url).query)
    (path,) = (store / "results").glob(f"conversation_*{asked['talk'][0]}.json")
    exchanges = json.loads(path.read_text(encoding="utf-8"))["exchanges"]
    found: dict[str, Any] = exchanges[int(asked["turn"][0])]
    return found


def sweep(store: Path, model: str) -> tuple[str, dict[str, Any]]:
    """Title and request of a sweep that runs for longer than anything here."""
    first = next(i for i in Store(store).list() if i.kind == "vectors" and i.model == model)
    config = EvaluateConfig(
        model=ModelConfig(model=model),
        vectors=(VectorRef(digest=first.digest),),
        scales=tuple(0.01 * step for step in range(1, 40)),
        controls=8,
    )
    request = {"kind": "evaluate", "method": config.method, "config": configs.as_json(config)}
    return config.task(), request


def zero(report: Report, reader: Reader, store: Path) -> None:
    """A pane at strength 0 writes what the unsteered one writes."""
    reader.open(f"{reader.page.url.split('?')[0]}?v={vector(store)}:0&scale=0", "Chat")
    reader.say("Describe a walk through the woods.")
    reader.answered()
    first, second = (answer["tokens"] for answer in newest(reader, store)["answers"])
    report.add("a pane at strength 0", f"{len(first)} equal tokens", first == second)


def vector(store: Path) -> str:
    """Digest of some set of the model whose conversation was just stored."""
    infos = Store(store).list()
    model = next(one.model for one in infos if one.kind == "conversation")
    return next(one.digest for one in infos if one.kind == "vectors" and one.model == model)


def alone(report: Report, reader: Reader, store: Path) -> None:
    """All that is asked of an idle model."""
    first_tokens(report, reader, "idle", IDLE)
    rate(report, reader, store)
    stops(report, reader, store)
    restores(report, reader)
    zero(report, reader, store)


def beside(report: Report, reader: Reader, server: Dashboard, model: str) -> None:
    """The wait while a sweep has the model, which must not lose anything."""
    title, request = sweep(server.store, model)
    server.submit(request)
    server.wait(title, "running", seconds=300)
    reader.page.wait_for_timeout(20_000)
    first_tokens(report, reader, "while a sweep runs", BUSY)
    state = server.jobs().get(title)
    report.add("the sweep beside it", str(state), state == "running")


def run(model: str, parts: Sequence[str], root: Path) -> int:
    """Measure what is asked for; the exit code."""
    report, store = Report(), figures_store.shipped(root / "store")
    with Dashboard(store, Path(model)) as server, browsing() as browser:
        reader = Reader(browser, server.address)
        if "clicks" in parts:
            clicks(report, reader)
        reader.open("/chat", "Chat")
        reader.say("Describe the room you are sitting in.")
        reader.answered()
        if "idle" in parts:
            alone(report, reader, store)
            apart(report, browser, server.address)
        if "busy" in parts:
            beside(report, reader, server, model)
    return int(report.missed > 0)


def main(given: Sequence[str] | None = None) -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2", help="A preset that is on this machine.")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="What of it.")
    asked = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as folder:
        return run(asked.model, asked.parts, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
