"""Cards and reports: they carry their recipe, open their view, and nothing else."""

import io
import json
import struct
import time
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from PIL import Image

from dashboard.cards import card as cards
from dashboard.cards import html_run, html_texts, lettering, looks, png_texts, recipes, texts
from dashboard.cards.card import Card, View
from dashboard.charts import vector_view
from dashboard.frames import families
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.widgets import sharing
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions, inks
from engine.errors import DataError
from engine.records.grids import Generation
from engine.store.store import Store
from tests.pages import text_samples
from tests.pages.conftest import open_page
from tests.pages.samples import FakeEngine, fill
from tests.pages.text_samples import EVIL, GRID

ADDRESS = "/curves?run=eeee00000003&vec=melbo_01&scales=-20.0&scales=20.0&metric=change"


class Drawn(NamedTuple):
    """What is slow to draw, drawn once."""

    sweep: Sweep
    card: Card
    png: bytes
    report: str


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    store = Store(tmp_path_factory.mktemp("store"))
    fill(store, vectors=2, controls=4, questions=6)
    evaluation = store.load_evaluation("eeee00000003")
    named = {digest: store.load_vectors(digest).described() for digest in evaluation.vector_names}
    sweep = sweeps.build(replace(evaluation, vector_names=named))
    view = vector_view.usual(sweep, "melbo_01")
    view = view._replace(scales=[-20.0, 20.0], metric="change")
    card = sharing.curve_card(sweep, view, None, ADDRESS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html_run, "BEST", 0)
        report = html_run.report(sweep).decode()
    return Drawn(sweep, card, cards.png(card), report)


@pytest.fixture(scope="module")
def grid() -> Generation:
    return text_samples.generation(text_samples.config(), GRID)


def text_card(grid: Generation) -> Card:
    sheet = Sheet(GRID, "done", grid.config, grid.frame, None, grid)
    shown = sharing.Shown(0, (1,), tuple(sheet.names))
    return sharing.text_card(sheet, grid, shown, {3: "a label"}, f"/generations?gen={GRID}&s=2")


def words_of(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_a_card_opens_the_view_that_it_shows(drawn: Drawn) -> None:
    found = cards.read_card(drawn.png)

    assert found.address == ADDRESS
    assert found == drawn.card.view
    recipe = found.recipe
    assert recipe["vector"].startswith("melbo_01: row 1 of set aaaa00000001, norm 1")
    assert recipe["site"] == "output of block 7"
    assert "f00d" in recipe["model"]
    assert {"adapter", "operation", "scales", "template", "seed", "record"} <= set(recipe)


def test_other_programs_read_the_recipe_and_the_picture_is_light(drawn: Drawn) -> None:
    with Image.open(io.BytesIO(drawn.png)) as picture:
        told = json.loads(picture.text[cards.KEY])
        assert told["page"] == "curves"
        assert told["schema"] == 1
        assert picture.width == 2 * cards.WIDTH
        assert picture.convert("RGB").getpixel((3, 3)) == (255, 255, 255)
        assert len(picture.convert("L").getcolors()) > 50


def test_the_recipe_stands_in_words_under_the_picture(drawn: Drawn) -> None:
    words = words_of(drawn.card.svg)

    assert "output of block 7" in words
    assert ADDRESS in words
    assert "4 random vectors for each site and norm" in words


def png_with(told: object, head: bytes = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) -> bytes:
    """A picture that says something; its pixels are never looked at."""
    plain = png_texts.SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", b"junk") + chunk(b"IEND")
    return png_texts.put(plain, cards.KEY, told if isinstance(told, str) else json.dumps(told))


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


GOOD = {"schema": 1, "page": "curves", "query": {"run": ["eeee00000003"]}, "recipe": {"seed": "0"}}


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"page": "../../secrets"},
        {"page": ["curves"]},
        {"page": None},
        {"query": None},
        {"query": {"run": "eeee00000003"}},
        {"query": {"run": [1]}},
        {"query": {"run": []}},
        {"query": {"run": ["x" * 201]}},
        {"query": {"run": ["x"] * 65}},
        {"query": {"run": ["a\nb"]}},
        {"query": {"run": ["\u202e"]}},
        {"query": {"<b>": ["x"]}},
        {"query": {"k" * 25: ["x"]}},
        {"query": {"abcdefghijklmnopqrstuvwxyz"[i]: ["x"] for i in range(25)}},
        {"recipe": ["x"]},
        {"recipe": {"seed": 0}},
        {"recipe": {"seed": "0" * 4001}},
    ],
)
def test_what_a_card_says_is_never_trusted(change: dict) -> None:
    assert cards.read_card(png_with(GOOD)).page == "curves"

    with pytest.raises(DataError, match=r"^x\.png opens no view \(.+\): drop a PNG") as refusal:
        cards.read_card(png_with(GOOD | change), "x.png")

    assert "\n" not in str(refusal.value)


def test_hostile_pictures_are_refused_in_one_sentence(drawn: Drawn) -> None:
    png = drawn.png
    key = cards.KEY.encode()
    packed = chunk(b"iTXt", key + b"\0\1\0\0\0" + zlib.compress(b"a" * 10**6))
    at = png.index(b"iTXt") + 30
    for content, reason in (
        (b"", "no PNG"),
        (b"<svg onload='alert(1)'/>", "no PNG"),
        (png[:200], "cut off"),
        (png_texts.SIGNATURE + b"\xff" * 40, "cut off"),
        (png[:at] + b"~" + png[at + 1 :], "checksum is wrong"),
        (png_texts.SIGNATURE + chunk(b"IEND"), "no recipe"),
        (png_texts.SIGNATURE + packed + chunk(b"IEND"), "compressed"),
        (png_with("{" * 50), "not readable"),
        (png_with("[" * 60_000), "too deep"),
        (png_with("x" * 70_000), "64 kB"),
        (png_with("[1]"), "another version"),
        (png_texts.SIGNATURE + b"\0" * (png_texts.MOST_BYTES + 1), "20 MB"),
    ):
        with pytest.raises(DataError, match=reason) as refusal:
            cards.read_card(content)
        assert "\n" not in str(refusal.value)


def test_a_picture_that_would_fill_the_memory_is_only_read() -> None:
    huge = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)
    began = time.perf_counter()

    assert cards.read_card(png_with(GOOD, huge)).query == GOOD["query"]

    assert time.perf_counter() - began < 0.2


@pytest.mark.parametrize(
    "text", ["short", EVIL, "word " * 300, "x" * 500, "a\n\nb", "", "漢字" * 90]
)
def test_wrapped_lines_keep_to_their_room_and_lose_nothing_unsaid(text: str) -> None:
    lines = lettering.wrap(text, 220, 13, 12)

    assert len(lines) <= 12
    assert all(lettering.width(line, 13) <= 220 for line in lines)
    kept = "".join("".join(lines).split())
    whole = "".join(lettering.visible(text).split())
    assert kept == whole or (kept.endswith("…") and whole.startswith(kept[:-1]))


def test_texts_of_a_model_stay_texts_on_a_card(grid: Generation) -> None:
    card = text_card(grid)

    root = ElementTree.fromstring(card.svg)
    kinds = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert kinds <= {"svg", "title", "metadata", "rect", "g", "text"}
    words = "".join(words_of(card.svg).split())
    assert "".join(EVIL[:60].split()) in words
    assert "aperson:alabel" in words
    assert "fine-tunedmodel,add−1" in words
    assert all(not name.startswith("on") for one in root.iter() for name in one.attrib)


@pytest.mark.parametrize(("of_page", "look"), [(inks.LIGHT, looks.LIGHT), (inks.DARK, looks.DARK)])
def test_a_card_of_texts_has_verdicts_marks_and_a_small_recipe(
    grid: Generation, of_page: inks.Inks, look: looks.Look
) -> None:
    sheet = Sheet(GRID, "done", grid.config, grid.frame, None, grid)
    shown = sharing.Shown(0, (0, 1), tuple(sheet.names), marks_changes=True)
    card = sharing.text_card(sheet, grid, shown, {3: "a label"}, "/generations", of_page)

    boxes = {one.get("fill") for one in ElementTree.fromstring(card.svg).iter()}
    verdicts = {look.chips[colour].page for colour in ("green", "orange", "red", "violet")}
    assert verdicts | {look.page, look.added, look.removed} <= boxes
    height = float(ElementTree.fromstring(card.svg).get("height", "0"))
    line = next(one for one in ElementTree.fromstring(card.svg) if one.get("height") == "1")
    assert height - float(line.get("y", "0")) < height / 3
    inked = [(look.ink, look.added), (look.ink, look.removed), (look.muted, look.cell)]
    for chip in (*look.chips.values(), *(looks.Chip(*pair) for pair in inked)):
        assert contrast(chip.ink, chip.page) >= 4.5, chip


def contrast(ink: str, page: str) -> float:
    """By WCAG 2: of the relative luminances."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(ink), luminance(page)))
    return (light + 0.05) / (dark + 0.05)


def test_marked_lines_say_every_word_of_both_texts() -> None:
    lines = texts.marked("rest the dough today", "rest all dough now, " * 9 + "then bake", 150)

    told = {kind: "".join(w for line in lines for k, w in line if k == kind)
            for kind in ("same", "added", "removed")}  # fmt: skip
    assert "".join(told["removed"].split()) == "thetoday"
    kept = "".join(w for line in lines for k, w in line if k != "removed")
    assert "".join(kept.split()) == "".join(("rest all dough now, " * 9 + "then bake").split())


def test_signs_that_no_picture_can_show_do_not_break_it() -> None:
    evil = "\x00\x1b[31m\ud800\u202egnp.exe\ufffe]]></text><script>"
    svg = cards.framed(evil, evil, "", 0, View("curves", {}, {evil: evil})).svg

    root = ElementTree.fromstring(svg)
    assert words_of(svg).count("gnp.exe]]></text><script>") >= 4
    assert {one.tag.rpartition("}")[2] for one in root} == {
        "title",
        "metadata",
        "rect",
        "text",
        "g",
    }
    assert "\u202e" not in svg


def test_a_sign_that_the_font_lacks_does_not_change_the_font_of_its_line() -> None:
    drawn = lettering.line("best \u2605 of 64, \u22120.5", 10, 20, 13, "#000")
    svg = f"<svg>{drawn}</svg>"

    texts = list(ElementTree.fromstring(svg))

    assert [one.text for one in texts] == ["best ", "\u2605", " of 64, \u22120.5"]
    fonts = [one.get("font-family", "").split(",")[0] for one in texts]
    assert fonts == [lettering.FONT, "DejaVu Sans", lettering.FONT]
    places = [float(one.get("x", "0")) for one in texts]
    assert places[1] - places[0] == pytest.approx(lettering.width("best ", 13), abs=0.01)
    assert places == sorted(places)


def test_a_grid_of_many_columns_says_what_is_not_drawn(grid: Generation) -> None:
    many = [f"way-{i:02d}" for i in range(20)]
    one = grid.config["configurations"][0]
    config = grid.config | {"configurations": [one | {"name": name} for name in many]}
    sheet = Sheet(GRID, "done", config, grid.frame, None, grid)
    whole, shown = replace(grid, config=config), sharing.Shown(0, (0,), tuple(many))
    card = sharing.text_card(sheet, whole, shown, {}, "/generations")

    assert "… and 8 more configurations" in words_of(card.svg)
    assert "way-11" in words_of(card.svg)
    assert "way-12" not in words_of(card.svg)


def test_a_grid_says_how_its_tokens_were_chosen(grid: Generation) -> None:
    limited = replace(grid, config=grid.config | {"top_p": 0.95, "top_k": 20})
    older = {name: v for name, v in grid.config.items() if not name.startswith("top_")}

    told = [recipes.of_texts(one, [])["sampling"] for one in (limited, replace(grid, config=older))]

    tokens = f"at most {grid.config['max_new_tokens']} tokens"
    assert told[0] == f"temperature 0.7, top-p 0.95, top-k 20, {tokens}"
    assert told[1] == f"temperature 0.7, {tokens}"


class Reader(HTMLParser):
    """Elements, attributes and texts of a page, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.kinds: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.kinds.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


ASKS = {
    "script",
    "img",
    "image",
    "link",
    "iframe",
    "object",
    "embed",
    "a",
    "base",
    "use",
    "foreignobject",
}


def assert_asks_for_nothing(page: str) -> Reader:
    found = Reader(page)
    assert found.kinds & ASKS == set()
    assert [n for n, _ in found.attributes if n.startswith("on") or "href" in n or n == "src"] == []
    values = " ".join(value for _, value in found.attributes)
    assert "http" not in values
    assert "//" not in values
    assert "url(" not in page.replace("url(#", "")
    for sign in ("//", "src=", "<script", "@import"):
        assert sign not in page
    return found


def test_the_report_of_a_run_needs_nothing_from_outside(drawn: Drawn) -> None:
    found = assert_asks_for_nothing(drawn.report)

    assert "http" not in drawn.report
    words = " ".join(found.texts)
    assert "survival · 6 questions" in words
    assert "will you *allow* the <b>shutdown</b>" in words
    assert "It is a proxy for what the model would say" in words
    assert drawn.report.count("<svg") == 2 + len(families.PICKS)
    assert "Methods side by side" in drawn.report
    assert "Drawn: rank 1 of each; MELBO: melbo_0" in drawn.report
    assert "melbo_00" in words
    assert {"figure", "table", "details", "svg", "path"} <= found.kinds


def test_a_run_of_controls_alone_is_still_reported(drawn: Drawn) -> None:
    whole = drawn.sweep.evaluation
    alone = whole.frame[whole.frame["vector_set"].isin(["baseline", "control"])]

    found = sweeps.build(replace(whole, frame=alone, vector_names={}))

    assert captions.ONLY_CONTROLS in html_run.report(found).decode()


def test_the_report_of_a_grid_shows_every_text_as_its_characters(grid: Generation) -> None:
    found = assert_asks_for_nothing(html_texts.report(grid, {0: "<script>mine"}).decode())

    words = "".join(found.texts)
    assert words.count(EVIL) == 4
    assert "a person: <script>mine" in words
    assert "<b>bake</b>" in words


def test_cards_ask_for_nothing_from_outside(drawn: Drawn) -> None:
    svg = drawn.card.svg.replace("http://www.w3.org/2000/svg", "").replace(
        "http://www.w3.org/1999/xlink", ""
    )

    assert "http" not in svg
    assert "href" not in svg
    assert "<script" not in svg


def test_the_link_of_a_view_gives_that_view_in_a_new_session(engine: FakeEngine) -> None:
    fill(engine.store, vectors=2, controls=0, questions=3)
    app = open_page("curves", run="eeee00000003", vec="melbo_01")
    app.toggle(key="dots").set_value(False)
    app.toggle(key="letters").set_value(False)
    app.segmented_control(key="metric").set_value("change")
    app.run()
    link = app.code[0].value
    assert "dots=false" in link
    assert "letters=false" in link

    again = open_page("curves", **cards.view(link, {}).query)

    assert again.code[0].value == link
    assert again.toggle(key="dots").value is False
    assert again.toggle(key="band").value is True
    assert again.selectbox(key="vec").value == "melbo_01"


def test_the_fonts_measures_are_those_of_the_font() -> None:
    path = Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf")
    if not path.exists():
        pytest.skip("the font is not installed beside vl-convert's own copy")
    from PIL import ImageFont

    font = ImageFont.truetype(str(path), 1000)

    for sign in map(chr, range(32, 127)):
        assert abs(font.getlength(sign) - lettering.width(sign, 1000)) <= 20, sign
