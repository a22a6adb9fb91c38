"""What a vector reads, on screen: beside its effect, in a sentence, and asked for with a button."""

import pytest

from dashboard.frames import probes
from dashboard.views.library import library
from dashboard.widgets import places
from dashboard.widgets.probes import reading
from dashboard.widgets.probes.steering import Steers
from engine.configs.core import VectorRef
from engine.configs.reads.probes import ProbeConfig
from engine.errors import StoreError
from engine.records import soundness
from engine.runs.job import Job
from tests.pages import probe_samples
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine


def test_reading_stands_beside_steering_and_is_told_in_a_sentence(filled: FakeEngine) -> None:
    before = charts(open_page("discover", found=probe_samples.SET, vector="0", reads="true"))
    digest = probe_samples.probe(filled.store)
    app = open_page("discover", found=probe_samples.SET, vector="0", reads="true")

    assert not app.exception
    told = app.dataframe[0].value.set_index("vector")["reads"]
    assert (told[0], told[1]) == ("0.80, random 0.93", "\u2605 0.03, random 0.93")
    assert set(told.drop([0, 1])) == {"not probed"}
    said = words(app).replace("\\", "")
    assert "reads deceptive answers no better than random directions." in said
    assert "AUROC 0.80, best of 64 random 0.93" in said
    assert "44 neutral texts are too few for a threshold at 1 % false positives: give 100." in said
    assert "Of 4 places about 0.1 would be beyond the best of 64 random directions" in said
    assert charts(app) == before + 1
    record = filled.store.load_experiment(digest)
    drawn = probes.curves(record, probes.main(record, (probe_samples.SET, 0)))
    assert drawn[drawn["what"] == "melbo_00"][["false", "true"]].to_numpy().tolist() == [
        [0.0, 0.0], [0.0, 0.5], [0.3, 0.8], [1.0, 1.0],
    ]  # fmt: skip


def test_what_a_vector_reads_in_another_model_is_not_told(filled: FakeEngine) -> None:
    probe_samples.probe(filled.store, model="other")

    app = open_page("discover", found=probe_samples.SET, vector="0")

    assert set(app.dataframe[0].value["reads"]) == {"not probed"}


def test_the_card_of_scale_curves_says_what_the_vector_reads(filled: FakeEngine) -> None:
    assert "Reads, block 1" not in [one.label for one in open_page("curves").metric]
    probe_samples.probe(filled.store)

    app = open_page("curves", vec="melbo_00")

    assert not app.exception
    shown = next(one for one in app.metric if one.label == "Reads, block 1")
    assert (shown.value, shown.delta) == ("0.80", "not beyond random")


def test_a_set_that_was_not_probed_has_a_button(filled: FakeEngine) -> None:
    app = open_page("discover", found=probe_samples.SET, reads="true")

    app.button(key="probe").click().run()

    assert not app.exception
    config = filled.submitted[0]
    assert isinstance(config, ProbeConfig)
    assert config.vectors == (VectorRef(digest=probe_samples.SET),)
    assert (config.pairs, config.blocks, config.model.adapter) == (
        "data/pairs/advice.json", "own", "demo",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("auroc", "beyond", "steers", "sentence"),
    [
        (0.8, False, True, "Steers, but reads deceptive answers no better than random directions."),
        (0.98, True, True, "Steers, and reads deceptive answers beyond random directions."),
        (
            0.02,
            True,
            True,
            "Steers, and reads deceptive answers backwards beyond random directions.",
        ),
        (
            0.98,
            True,
            False,
            "Steers no more than random, but reads deceptive answers beyond random direct",
        ),
        (0.6, False, False, "Neither steers nor reads deceptive answers beyond random directions."),
        (
            0.6,
            False,
            None,
            "Reads deceptive answers no better than random directions; steering is not meas",
        ),
    ],
)
def test_steering_and_reading_in_one_sentence(
    auroc: float, beyond: bool, steers: bool | None, sentence: str
) -> None:
    row = {"classes": "answer-mean", "auroc": auroc, "beyond": beyond}

    assert reading.both(row, Steers(steers, ""), "deceptive").startswith(sentence)


def test_a_finished_probe_leads_to_its_first_vector(filled: FakeEngine) -> None:
    digest = probe_samples.probe(filled.store)
    job = Job(id="1", title="", kind="probe", state="done", result=digest)
    info = next(one for one in filled.store.list() if one.digest == digest)

    assert places.of_job(job) == library.place(info) == (
        "vector", {"v": f"{probe_samples.SET}:0", "v_tab": "Reads"},
    )  # fmt: skip


def test_a_damaged_probe_is_refused(filled: FakeEngine) -> None:
    record = filled.store.load_experiment(probe_samples.probe(filled.store))
    record["tables"]["rows"][1]["auroc"] = 1.2

    with pytest.raises(StoreError, match="tables/rows/1/auroc"):
        soundness.check(record, "probe.json")
