"""The dashboard over a store that vanishes, with an engine that needs no model."""

import gc
from pathlib import Path
from typing import TypeVar

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts import quick
from dashboard.session import adapters, resources
from engine.configs.core import ModelConfig
from tests.pages.samples import FakeEngine, fill

ROOT = Path(__file__).resolve().parents[2]
Fake = TypeVar("Fake", bound=FakeEngine)


SCAN = "streamlit.components.v2.manifest_scanner.scan_component_manifests"


@pytest.fixture(autouse=True)
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every AppTest would read the metadata of all installed packages, in search of components."""
    monkeypatch.setattr(SCAN, list, raising=False)


@pytest.fixture(autouse=True)
def charts_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers do not wait for the check against Vega-Lite's schema; tests do."""
    monkeypatch.setattr(quick, "IS_CHECKED", True)


@pytest.fixture(autouse=True, scope="module")
def no_readings_of_others() -> None:
    """What is read is cached by digest alone, and files of tests invent the same digests."""
    resources.forget()


@pytest.fixture(autouse=True, scope="module")
def only_own_garbage() -> None:
    """Each run of a page collects all garbage; what other tests have left is none."""
    gc.collect()
    gc.freeze()


def put_in(fake: Fake, monkeypatch: pytest.MonkeyPatch, has_adapter: bool = False) -> Fake:
    """Have the pages use this engine, of a server started for the demo model; gives it back.

    Args:
        fake: The engine.
        monkeypatch: Undoes it.
        has_adapter: Whether the demo's adapter counts as there, wherever its folder may be.
    """
    monkeypatch.setattr(resources, "engine", lambda: fake)
    monkeypatch.delenv("VECTORSCOPE_MODEL", raising=False)
    monkeypatch.delenv("VECTORSCOPE_ADAPTER", raising=False)
    if has_adapter:
        monkeypatch.setattr(adapters, "tuned", lambda model: ModelConfig(adapter="demo"))
    return fake


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """An engine over an empty store, in place of the process's own."""
    return put_in(FakeEngine(tmp_path), monkeypatch)


@pytest.fixture
def filled(engine: FakeEngine) -> FakeEngine:
    """The same over two vector sets and one evaluation of both."""
    fill(engine.store)
    return engine


def start() -> AppTest:
    """The overview, as a browser would first see it."""
    return _new_tab().run()


def _new_tab() -> AppTest:
    return AppTest.from_file(str(ROOT / "dashboard/app.py"), default_timeout=20)


def open_page(name: str, **query: str) -> AppTest:
    """A page, opened by its link."""
    app = _new_tab()
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(f"../pages/{name}.py").run()


def opened(app: AppTest, *popovers: str) -> AppTest:
    """The same page with popovers open, by their keys: what they hold is drawn only then."""
    for key in popovers:
        app.session_state[key] = True
    return app.run()


def words(app: AppTest) -> str:
    """Every sentence on the page and in the sidebar."""
    kinds = (app.markdown, app.caption, app.text, app.info, app.warning, app.error, app.header)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def charts(app: AppTest) -> int:
    """How many charts are drawn."""
    return len(app.get("vega_lite_chart"))
