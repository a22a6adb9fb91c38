"""What a newcomer gets for a config, a function and a line in the registry, and nothing else."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from dashboard.words import captions, inks
from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.evidence import EvidenceConfig
from engine.configs.finders import FinderConfig
from engine.runs.engine import Engine
from engine.store.store import Store
from tests.pages.conftest import open_page
from tests.pages.samples import FakeEngine
from tests.toy_finder import LINE, ToyConfig

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"source_layer": 1, "vectors": 2}
RUN = """
import json, sys
from engine.configs import registry
from tests.toy_finder import LINE
registry.RUNS.append(LINE)
from engine.cli.main import main
for arguments in json.loads(sys.argv[1]):
    assert main(arguments) == 0, arguments
    print("\\0")
"""


@pytest.fixture(autouse=True)
def _one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "RUNS", [*registry.RUNS, LINE])


@pytest.fixture
def real(tmp_path: Path) -> Engine:
    return Engine(Store(tmp_path), keep_jobs=False)


def commands(*asked: Sequence[str]) -> list[str]:
    """What each of these commands prints, in one process that knows the line."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(asked)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0\n")[:-1]


@pytest.mark.matrix(keep=0)
def test_the_command_line_offers_it_and_finds_with_it(tmp_path: Path) -> None:
    asked = ["--vectors", "2", "--shift", "5", "--store", str(tmp_path)]

    offered, shown, printed = commands(
        ["find", "--help"], ["find", "toy-axes", "--help"], ["find", "toy-axes", *asked]
    )

    assert "toy-axes" in offered
    assert ToyConfig.about in shown
    for words in ("--shift", "First axis.", "--is-reversed", "up or down.", "--source-layer"):
        assert words in shown
    told = json.loads(printed.splitlines()[-1])
    found = Store(tmp_path).load_vectors(told["digest"])
    assert (found.method, found.config["shift"], found.scores["axis"]) == ("toy-axes", 5, [5, 6])
    assert "toy-axes_01" in printed


def test_it_is_estimated_by_an_earlier_run(real: Engine) -> None:
    asked = ToyConfig(**SETTINGS)
    assert real.estimate_seconds(asked) is None

    real.run(asked)

    twice = real.estimate_seconds(ToyConfig(source_layer=1, vectors=4))
    assert twice == pytest.approx(2 * real.estimate_seconds(asked))


def test_a_job_of_it_can_be_asked_again(real: Engine) -> None:
    job = real.submit(ToyConfig(**SETTINGS, is_reversed=True))
    assert real.jobs.wait(job, 60.0)
    assert (job.state, job.title, job.kind) == ("done", "Find 2 toy-axes vectors", "find")

    again = real.submit_again(json.loads(json.dumps(job.request)))

    assert real.jobs.wait(again, 60.0)
    assert again.result == job.result
    assert real.store.load_vectors(again.result).config["is_reversed"] is True


def test_evidence_is_gathered_for_it(real: Engine) -> None:
    digest = real.run(ToyConfig(**SETTINGS))

    gathered = real.run(EvidenceConfig(vectors=digest, seeds=1, prompts=("Hello?",), draws=4))

    record = real.store.load_experiment(gathered)
    [run] = record["tables"]["runs"]
    # The next seed begins one axis further on: one of two vectors is found again.
    assert (run["kind"], run["found_again"]) == ("seeds", 0.5)
    assert [row["axis"] for row in record["tables"]["vectors"]] == [3.0, 4.0]


def test_it_has_a_name_and_a_colour_of_its_own() -> None:
    colours = [inks.method_colour(method) for method in registry.finders()]

    assert captions.method("toy-axes") == "Toy axes"
    assert len(set(colours)) == len(colours)
    assert inks.method_colour("toy-axes") not in (inks.LIGHT.band, inks.DARK.band)


def test_the_page_offers_a_form_of_its_fields(engine: FakeEngine) -> None:
    app = open_page("discover")
    assert "Toy axes" in app.button_group(key="method").options

    app.button_group(key="method").set_value("toy-axes").run()
    app.number_input(key="find_toy-axes_shift").set_value(7)
    app.toggle(key="find_toy-axes_is_reversed").set_value(True)
    app.selectbox(key="find_toy-axes_order").set_value("down").run()
    next(button for button in app.button if button.label.startswith("Find")).click().run()

    assert not app.exception
    [asked] = engine.submitted
    assert isinstance(asked, ToyConfig)
    assert (asked.shift, asked.is_reversed, asked.order) == (7, True, "down")
    assert asked.model == ModelConfig()
    assert asked.source_layer == 1


def test_what_no_line_names_is_refused(real: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "RUNS", registry.RUNS[:-1])

    with pytest.raises(registry.ConfigError, match="'toy-axes' is not known: use melbo"):
        real.submit(ToyConfig(**SETTINGS))
    assert issubclass(ToyConfig, FinderConfig)
