"""A form is read off its config: which widget a field gets, how it begins, what it gives back."""

import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar, Literal

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.session import adapters, resources
from dashboard.words import captions, inks
from engine.configs import registry
from engine.configs.fields import setting
from engine.configs.finders import RandomConfig
from engine.configs.pairs import ContrastiveConfig
from tests.pages.conftest import ROOT, open_page
from tests.pages.pair_samples import PairEngine
from tests.pages.samples import FakeEngine
from tests.toy_finder import LINE

LETTER = "A letter that is longer than a line, so that it is written in an area of its own."
SHIPPED = {
    "melbo": "#e8590c",
    "power-iteration": "#3b5bdb",
    "random": "#868e96",
    "contrastive": "#2b8a3e",
    "finetune-diff": "#9c36b5",
}
"""The colours that readers of older charts know."""
FOREIGN = ("steering", "repeng", "sae-feature", "caa")
"""Methods that no registry knows."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field of every type that a form knows."""

    count: int = setting(3, "How many.", least=2, step=5)
    share: float = setting(
        0.25, "How much.", label="Share of it", about="Between none and all.", rank=1
    )
    rate: float = setting(2e-4, "How fast.")
    chance: float = setting(0.05, "At most.", least=0.001, most=0.5)
    is_reversed: bool = setting(True, "Whether it is the other way round.")
    order: Literal["up", "down"] = setting("down", "up or down.")
    side: Literal["left", "right"] = setting(
        "left", "left or right.", is_segmented=True, words={"right": "To the right"}
    )
    name: str = setting("Ada", "Of the reader.", is_rare=True)
    letter: str = setting(LETTER, "To the reader.", is_rare=True)
    system: str | None = setting(
        None, "Empty for none.", about="", placeholder="nothing", is_rare=True
    )
    most: int | None = setting(None, "All of them.", placeholder="all", least=1, is_rare=True)
    place: str = setting("here", "Where.", suggestions=("here", "there"), is_rare=True)
    hidden: int = 7


def page() -> None:
    """A page that holds nothing but the form."""
    import streamlit as st

    from dashboard.forms import fields
    from tests.pages.test_forms import Settings

    given = fields.draw(Settings, "toy_")
    st.session_state["given"] = Settings(**given)


@pytest.fixture
def form() -> AppTest:
    app = AppTest.from_function(page).run()
    assert not app.exception
    return app


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(registry, "RUNS", [*registry.RUNS, LINE])
    return LINE.method


def test_an_untouched_form_gives_the_defaults(form: AppTest) -> None:
    assert form.session_state["given"] == Settings()
    assert "toy_hidden" not in form.session_state


def test_numbers_keep_their_limits_steps_and_formats(form: AppTest) -> None:
    count, share = form.number_input(key="toy_count"), form.number_input(key="toy_share")
    rate, most = form.number_input(key="toy_rate"), form.number_input(key="toy_most")
    chance = form.number_input(key="toy_chance")

    assert (count.label, count.value, count.min, count.step) == ("Count", 3, 2, 5)
    assert (share.label, share.help) == ("Share of it", "Between none and all.")
    assert (rate.proto.format, rate.value) == ("%.0e", 2e-4)
    assert (chance.proto.format, chance.min, chance.max) == ("%.3f", 0.001, 0.5)
    assert (most.value, most.min, most.placeholder) == (None, 1, "all")


def test_choices_texts_and_switches(form: AppTest) -> None:
    assert form.toggle(key="toy_is_reversed").value is True
    order, side = form.selectbox(key="toy_order"), form.button_group(key="toy_side")
    assert (order.options, order.value, order.help) == (["up", "down"], "down", "up or down.")
    assert (side.options, side.value) == (["left", "To the right"], "left")
    assert form.text_input(key="toy_name").value == "Ada"
    assert form.text_area(key="toy_letter").value == LETTER
    assert form.text_input(key="toy_system").placeholder == "nothing"
    assert form.selectbox(key="toy_place").options == ["here", "there"]


def test_fields_of_a_kind_stand_by_their_rank(form: AppTest) -> None:
    drawn = [one.key for one in form.number_input]

    assert drawn == ["toy_count", "toy_rate", "toy_chance", "toy_share", "toy_most"]


def test_a_field_that_says_nothing_on_hovering_has_no_help(form: AppTest) -> None:
    assert form.text_input(key="toy_system").help == ""
    assert form.text_input(key="toy_name").help == "Of the reader."


def test_rare_fields_stand_among_further_settings(form: AppTest) -> None:
    [more] = form.expander
    rare = [one.key for kind in (more.text_input, more.number_input) for one in kind]

    assert more.label == "More settings"
    assert rare == ["toy_name", "toy_system", "toy_most"]
    assert [one.key for one in form.toggle] == ["toy_is_reversed"]
    assert not more.toggle


def test_what_is_chosen_becomes_the_config(form: AppTest) -> None:
    form.number_input(key="toy_count").set_value(8)
    form.number_input(key="toy_share").set_value(0.5)
    form.toggle(key="toy_is_reversed").set_value(False)
    form.selectbox(key="toy_order").set_value("up")
    form.button_group(key="toy_side").set_value("right")
    form.text_input(key="toy_name").set_value("Eve")
    form.text_input(key="toy_system").set_value("Be brief.")
    form.number_input(key="toy_most").set_value(4)
    form.selectbox(key="toy_place").set_value("there").run()

    expected = Settings(
        count=8, share=0.5, is_reversed=False, order="up", side="right", name="Eve",
        system="Be brief.", most=4, place="there",
    )  # fmt: skip
    assert form.session_state["given"] == expected


def test_an_emptied_text_is_none_or_its_default(form: AppTest) -> None:
    form.text_input(key="toy_system").set_value("Be brief.").run()
    form.text_input(key="toy_system").set_value("")
    form.text_input(key="toy_name").set_value("").run()

    given = form.session_state["given"]
    assert (given.system, given.name) == (None, "Ada")


def test_discover_offers_every_finder(engine: FakeEngine, toy: str) -> None:
    shown = open_page("discover").button_group(key="method").options

    titles = [captions.method(one) for one in registry.finders()]
    assert {title.removesuffix(" control") for title in titles} <= set(shown)
    assert captions.method(toy) in shown


@dataclass(frozen=True, kw_only=True)
class Rotated(ContrastiveConfig):
    """A newcomer's finder that reads pairs."""

    method: ClassVar[str] = "rotated"
    title: ClassVar[str] = "Rotated"
    turns: int = setting(2, "How often.")


@pytest.fixture
def pairs(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> PairEngine:
    """An engine that finds with `Rotated` too."""
    line = registry.finder(Rotated, "tests.toy_finder")
    monkeypatch.setattr(registry, "RUNS", [*registry.RUNS, line])
    fake = PairEngine(engine.store.root)
    monkeypatch.setattr(resources, "engine", lambda: fake)
    return fake


def test_discover_offers_a_finder_that_reads_pairs(pairs: PairEngine) -> None:
    app = open_page("discover", method="Rotated")
    app.number_input(key="find_rotated_turns").set_value(5).run()
    app.button(key="find").click().run()

    assert not app.exception
    [asked] = pairs.submitted
    assert (type(asked), asked.turns, asked.layers) == (Rotated, 5, "all")


def test_a_finder_that_needs_an_adapter_says_so_where_there_is_none(
    pairs: PairEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rotated, "needs_adapter", True)
    monkeypatch.setattr(adapters, "tuned", lambda _model: None)
    monkeypatch.setattr(adapters, "own", lambda _model: None)

    app = open_page("discover", method="Rotated")
    assert "find_rotated_turns" not in [one.key for one in app.number_input]
    app.button_group(key="method").set_value("contrastive").run()
    assert "find_contrastive_shuffles" in [one.key for one in app.number_input]


def test_a_sweep_s_settings_outlive_a_visit_elsewhere(filled: FakeEngine) -> None:
    app = open_page("discover")
    app.text_input(key="ab_scales").set_value("-4, 4")
    app.toggle(key="ab_orders").set_value(False)
    app.number_input(key="ab_controls").set_value(16)
    app.selectbox(key="ab_behaviour_data/questions/survival.jsonl").set_value("corrigible").run()

    app.switch_page("../pages/library.py").run()
    app.switch_page("../pages/discover.py").run()

    assert app.text_input(key="ab_scales").value == "-4, 4"
    assert app.toggle(key="ab_orders").value is False
    assert app.number_input(key="ab_controls").value == 16
    assert app.selectbox(key="ab_behaviour_data/questions/survival.jsonl").value == "corrigible"


def test_shipped_finders_keep_their_colours(toy: str) -> None:
    assert {method: inks.method_colour(method) for method in SHIPPED} == SHIPPED


def test_no_finder_has_another_s_colour_or_the_controls_grey(toy: str) -> None:
    colours = {method: inks.method_colour(method) for method in registry.finders()}

    assert len(set(colours.values())) == len(colours)
    assert [method for method in colours if colours[method] == inks.CONTROL] == ["random"]


def test_a_control_of_a_newcomer_is_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Shuffled(RandomConfig):
        method = "shuffled"
        title = "Shuffled"

    line = registry.finder(Shuffled, "tests.toy_finder")
    monkeypatch.setattr(registry, "RUNS", [line, *registry.RUNS])

    assert inks.method_colour("shuffled") == inks.CONTROL
    assert inks.method_colour("melbo") == SHIPPED["melbo"]


def contrast(one: str, other: str) -> float:
    """How far apart two colours are in light, as WCAG counts it."""

    def light(colour: str) -> float:
        shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("page", [inks.LIGHT.page, inks.DARK.page])
def test_every_colour_reads_on_a_light_and_a_dark_page(page: str) -> None:
    assert len(set(inks.PALETTE)) >= 8
    assert min(contrast(colour, page) for colour in inks.PALETTE) >= 3


def test_methods_of_foreign_files_have_colours_that_no_finder_has(toy: str) -> None:
    colours = {inks.method_colour(method) for method in FOREIGN}

    assert not colours & {inks.method_colour(method) for method in registry.finders()}


def test_colours_of_foreign_methods_are_the_same_the_next_day() -> None:
    script = "import sys; from dashboard.words.inks import method_colour\n"
    script += "print(*map(method_colour, sys.argv[1:]))"
    # Another process has other hashes of words.
    done = subprocess.run(
        [sys.executable, "-c", script, *FOREIGN], capture_output=True, text=True, cwd=ROOT
    )

    assert done.stdout.split() == [inks.method_colour(method) for method in FOREIGN]
    assert len(set(done.stdout.split())) > 1


def test_rows_that_no_finder_made_are_grey() -> None:
    assert {inks.method_colour(name) for name in ("control", "baseline")} == {inks.CONTROL}
    assert [captions.method(name) for name in ("control", "baseline", "screening", "my-way")] == [
        "Random controls", "Unsteered", "Adaptive sweep", "My way",
    ]  # fmt: skip
