"""Draws whatever a stored record can be drawn as, and reads what a reader would then read.

Knows nothing of how records are made; `drawable` makes them.
"""

import contextlib
import functools
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from streamlit.testing.v1 import AppTest

from dashboard.cards import card, html_run, html_texts
from dashboard.cards import studies as study_cards
from dashboard.charts import vector_view
from dashboard.frames import families, overview, sweep
from dashboard.session import resources
from dashboard.widgets import sharing
from engine.audit import auditing
from engine.cli import answering, audit, tables
from engine.errors import EngineError
from engine.program.asking import Asking
from engine.records.records import RecordInfo
from engine.store.exporting import export, formats_of
from engine.store.store import Store
from tests.pages.conftest import open_page, words

NO_FIGURE = re.compile(r"(?<![\w./])(nan|NaN|inf|Infinity)(?![\w.])|^\s*(null|None)\s*$")
"""What no reader may meet where a figure should stand."""
NOUNS = (
    "vectors questions scales controls rows answers sets texts pairs blocks values columns groups"
)
ONE_OF_MANY = re.compile(rf"(?<![\w.,×\u2212+-])1 ({NOUNS.replace(' ', '|')})\b")
"""A number of one before a noun of many."""
PAGES = {
    "vectors": ["discover", "vector", "similarity", "library"],
    "evaluation": ["overview", "curves", "library"],
    "generation": ["generations", "library"],
    "conversation": ["chat", "library"],
    "experiment": ["studies", "curves", "discover", "library"],
}
KEYS = {
    "discover": "found",
    "vector": "v",
    "similarity": "a",
    "library": "record",
    "overview": "run",
    "curves": "run",
    "generations": "gen",
    "studies": "study",
    "chat": "talk",
}


def faults(
    store: Store, digest: str, with_pages: bool = True, with_cards: bool = True
) -> list[str]:
    """Every way in which drawing a record fails or shows a figure of nothing; none if all is well.

    A sentence of refusal (`EngineError`) is no fault.

    Args:
        store: Holds the record.
        digest: Of it.
        with_pages: Whether the pages draw it too, from `resources.engine`.
        with_cards: Whether it is drawn as pictures, which takes longest of all.
    """
    info = store.find(digest)
    found = []
    for name, make in _ways(store, info):
        if name.startswith("page") and not with_pages or name in PICTURES and not with_cards:
            continue
        try:
            told = make()
        except EngineError:
            continue
        except Exception as error:  # noqa: BLE001  Whatever it is, it is what is looked for.
            found.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
            continue
        found += [f"{name}: {line}" for line in told if NO_FIGURE.search(line)]
        found += [f"{name}: {line}" for line in told if ONE_OF_MANY.search(line)]
    return found


PICTURES = ("report", "cards", "chart")


def _ways(store: Store, info: RecordInfo) -> Iterator[tuple[str, Any]]:
    yield "show", lambda: _show(store, info)
    yield "audit", lambda: _audit(store, info)
    for form in formats_of(info):
        yield f"export {form}", lambda form=form: _export(store, info, form)
    # Its figures are worked out once.
    one = functools.cache(lambda: _opened(store, info))
    yield "program", lambda: _program(one())
    yield "chart", lambda: svg_words(one().chart())
    yield "report", lambda: _report(store, info)
    yield "cards", lambda: _cards(store, info)
    for page in PAGES[info.kind]:
        yield f"page {page}", lambda page=page: _page(page, info)


def printed(store: Store, digest: str) -> list[str]:
    """What the command line shows of a record, line by line."""
    return _show(store, store.find(digest))


def audited(store: Store, digest: str) -> list[str]:
    """What the command line says of a record's faults, line by line."""
    return _audit(store, store.find(digest))


def _printed(work: Any, *given: Any) -> list[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        work(*given)
    return out.getvalue().splitlines()


def _show(store: Store, info: RecordInfo) -> list[str]:
    def work() -> None:
        tables.show(store, info)
        answering.answer(**info._asdict())

    return _strict(_printed(work))


def _audit(store: Store, info: RecordInfo) -> list[str]:
    def work() -> None:
        one = auditing.audit(info.path, store)
        audit._report(one)
        answering.answer(audit=audit._told(one))

    return _strict(_printed(work))


def _strict(lines: list[str]) -> list[str]:
    """The lines before the last one, which must be strict JSON."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} in JSON")

    json.loads(lines[-1], parse_constant=refuse)
    return lines[:-1]


def _export(store: Store, info: RecordInfo, form: str) -> list[str]:
    content = export(store, info, form)
    if form == "jsonl":
        for line in content.decode().splitlines():
            _strict([line])
    return [] if form != "csv" else content.decode().splitlines()


def _program(one: Any) -> list[str]:
    one.frame()
    return [repr(one), re.sub(r"<[^>]+>", " ", one._repr_html_())]


def _opened(store: Store, info: RecordInfo) -> Any:
    asking: Any = type("_Asking", (Asking,), {"store": store})
    return Asking.show(asking, info.digest)


def svg_words(drawing: Any) -> list[str]:
    """Every word of a chart, tooltips left out."""
    root = ElementTree.fromstring(card.chart_svg(drawing))
    return [text for one in root.iter() if one.tag.endswith("text") for text in one.itertext()]


def _report(store: Store, info: RecordInfo) -> list[str]:
    if info.kind == "evaluation":
        page = html_run.report(sweep.opened(store, info.digest))
    elif info.kind == "generation":
        page = html_texts.report(store.load_generation(info.digest), store.labels(info.digest))
    else:
        return []
    body = re.sub(r"<pre.*?</pre>|<style.*?</style>", " ", page.decode(), flags=re.DOTALL)
    return re.sub(r"<[^>]+>", "\n", body).splitlines()


def _cards(store: Store, info: RecordInfo) -> list[str]:
    made = []
    if info.kind == "evaluation":
        run = sweep.opened(store, info.digest)
        made.append(sharing.overview_card(run, overview.cells(run), "/overview"))
        made.append(sharing.families_card(run, families.Choice("six", "change"), "/curves"))
        for name in run.names[:2]:
            view = vector_view.usual(run, name)
            rows = {row["name"]: row for row in sweep.ranking(run).to_dict("records")}
            made.append(sharing.curve_card(run, view, rows.get(name), "/curves"))
    elif info.kind == "experiment" and info.method in ("deception", "corrigibility", "sentiment"):
        made.append(study_cards.of_study(store.load_experiment(info.digest), None, "/studies"))
    told = []
    for one in made:
        root = ElementTree.fromstring(one.svg)
        told += [t for e in root.iter() if e.tag.endswith("text") for t in e.itertext()]
        _strict([card._metadata(one.view)])
    return told


def _page(page: str, info: RecordInfo) -> list[str]:
    resources.forget()
    query = {KEYS[page]: info.digest}
    if info.kind == "vectors" and page == "similarity":
        query["b"] = info.digest
    told = []
    for tab in TABS.get(page, ("",)):
        app = open_page(page, **query, **({TAB.get(page, "tab"): tab} if tab else {}))
        if app.exception:
            raise RuntimeError(str(app.exception[0].message))
        told += words(app).splitlines() + list(_figures(app))
    return told


TAB = {"vector": "v_tab"}
"""Parameter of a page's link that opens a part, where that is not `tab`."""
TABS = {
    "curves": ("One vector", "All vectors", "Methods", "Numbers"),
    "vector": ("Neighbours", "Recipe"),
}


def _figures(app: AppTest) -> Iterator[str]:
    for one in app.metric:
        yield f"{one.label}: {one.value} ({one.delta})"
