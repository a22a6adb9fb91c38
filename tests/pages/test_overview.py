import dataclasses

import pytest

from dashboard.frames import controls, sweep
from dashboard.session import resources
from dashboard.widgets import outstanding
from engine.cli import tables
from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig
from engine.configs.sweeps import EvaluateConfig
from engine.store import beforehand
from tests.pages import samples
from tests.pages.conftest import charts, open_page, start, words
from tests.pages.samples import FakeEngine


def test_an_empty_store_says_how_to_start(engine: FakeEngine) -> None:
    app = start()

    assert not app.exception
    assert "Nothing is stored yet" in words(app)
    assert app.button(key="to_find").label == "Find vectors"


def test_an_empty_store_offers_the_study(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(resources, "submit_study", lambda *given: asked.append(given))

    start().button(key="run_study").click().run()

    assert [(name, model.model) for name, model in asked] == [("corrigibility", "demo")]


def test_the_newest_run_is_shown_against_random_vectors(filled: FakeEngine) -> None:
    app = start()

    assert not app.exception
    assert charts(app) == 1
    assert "24 random vectors" in words(app)
    assert [metric.label for metric in app.metric][:2] == ["Unsteered survival", "Steered survival"]


def test_what_stands_out_comes_before_what_ran_last(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the page would leave runs unranked, and say how many.
    monkeypatch.setattr("dashboard.widgets.outstanding.ranked.PATIENCE", 60.0)
    weak = filled.store.load_vectors("bbbb00000002")
    config = EvaluateConfig(vectors=(VectorRef(digest=weak.digest, indices=(1, 2)),), controls=4)
    found = samples.evaluation(config, [weak], "eeee0000000d", 8)
    stamp = dataclasses.replace(found.provenance, created="2026-11-22T10:05:00+00:00")
    filled.store.save_evaluation(dataclasses.replace(found, provenance=stamp))

    app = start()

    assert resources.runs()[0].digest == "eeee0000000d"
    assert outstanding.found()[0][0].run.digest == "eeee00000003"
    shown = [one for one in app.get("page_link") if one.proto.label == "Curves"]
    assert shown
    assert all("run=eeee00000003" in one.proto.query_string for one in shown)


def test_each_next_step_has_a_button_that_leads_there(filled: FakeEngine) -> None:
    app = start()
    labels = {one.key: one.label for one in app.button if str(one.key).startswith("next_")}
    assert list(labels) == ["next_chat", "next_write", "next_other", "next_words"]

    app.button(key="next_write").click().run()

    assert not app.exception
    assert app.title[0].value == "Generations"
    assert app.query_params["vec"] == outstanding.found()[0][0].reference


def test_a_set_that_nothing_measured_comes_first(filled: FakeEngine) -> None:
    filled.store.save_vectors(samples.vector_set(MelboConfig(vectors=2), "cccc00000004"))
    app = start()

    app.button(key="next_evaluate").click().run()

    assert app.title[0].value == "Discover"
    assert app.selectbox(key="found").value == "cccc00000004"


def test_the_strongest_vectors_carry_an_honest_badge(filled: FakeEngine) -> None:
    told = words(start())

    assert ":green-badge[beyond the best of 24 random]" in told


def test_the_badge_says_within_random_where_that_is_so(filled: FakeEngine) -> None:
    ranking = sweep.ranking(resources.sweep("eeee00000003")).set_index("name")

    strong, weak = ranking.loc["melbo_00"].to_dict(), ranking.loc["melbo_02"].to_dict()
    assert sweep.verdict(strong) == "beyond the best of 24 random"
    assert "none reaches it" in sweep.sentence(strong)
    assert sweep.verdict(weak) == "within random"
    assert f"{weak['above']:.0f} reach it (p = {weak['p']:.3f})" in sweep.sentence(weak)


def chosen(store, questions: int, created: str, digest: str = "eeee00000009") -> None:
    """An evaluation of the strongest vector alone, on the first of the same questions or others."""
    one = store.load_vectors("aaaa00000001")
    config = EvaluateConfig(vectors=(VectorRef(digest=one.digest, indices=(0,)),), controls=24)
    found = samples.evaluation(config, [one], digest, abs(questions))
    if questions < 0:
        frame = found.frame.assign(question=found.frame["question"].astype(str) + "x")
        asked = [dataclasses.replace(q, id=f"{q.id}x") for q in found.questions.questions]
        named = dataclasses.replace(found.questions, questions=tuple(asked))
        found = dataclasses.replace(found, frame=frame, questions=named)
    stamp = dataclasses.replace(found.provenance, created=created)
    store.save_evaluation(dataclasses.replace(found, provenance=stamp))


def test_a_vector_picked_on_the_same_questions_is_flagged(filled: FakeEngine) -> None:
    chosen(filled.store, 8, "2026-11-22T10:05:00+00:00")

    told = words(open_page("overview", run="eeee00000009")).replace("\\", "")

    assert "Chosen beforehand on overlapping questions: 1 of 3 vectors of MELBO" in told
    assert "all measured by eeee00000003 on 8 of these 8 questions" in told
    assert resources.records("evaluation")[0].summary.startswith("1 vector, 8 questions")
    again = tables.chosen_before(filled.store, filled.store.load_evaluation("eeee00000009"))
    assert again.startswith("Chosen beforehand on overlapping questions: 1 of 3 vectors of MELBO")


@pytest.mark.parametrize(
    ("questions", "created"),
    [(-8, "2026-11-22T10:05:00+00:00"), (8, "2026-11-20T10:05:00+00:00")],
    ids=["other questions", "measured before"],
)
def test_other_questions_or_an_earlier_run_are_no_choice(
    filled: FakeEngine, questions: int, created: str
) -> None:
    chosen(filled.store, questions, created)

    run = filled.store.load_evaluation("eeee00000009")

    assert beforehand.note(run, resources.records("evaluation")) == ""
    assert tables.chosen_before(filled.store, run) == ""


def of_two_norms(store, told: bool) -> None:
    """The run again, as if the last vector of each set were four times as long as the others."""
    run, place = store.load_evaluation("eeee00000003"), {"block": 7, "kind": "block_out"}
    names = {
        digest: {**one, "sites": [place] * 3, "norms": [1.0, 1.0, 4.0]}
        for digest, one in run.vector_names.items()
    }
    controls = {"sites": [place] * 24, "norms": [1.0] * 4 + [4.0] * 20} if told else {}
    digest = "eeee0000000a" if told else "eeee0000000b"
    stamp = dataclasses.replace(run.provenance, created="2026-11-22T10:05:00+00:00")
    store.save_evaluation(
        dataclasses.replace(
            run, digest=digest, vector_names=names, controls=controls, provenance=stamp
        )
    )


def test_vectors_of_two_norms_share_no_band_and_each_has_its_own(filled: FakeEngine) -> None:
    of_two_norms(filled.store, told=True)

    told = words(open_page("overview", run="eeee0000000a")).replace("\\", "")
    run = resources.sweep("eeee0000000a")

    assert "No grey band is drawn" in told
    assert "4 to 20 random vectors of each vector's own site and norm" in controls.words_of_all(run)
    assert controls.words(run, "melbo_02") == "20 random vectors of norm 4 at output of block 7"
    own = run.controls[run.controls["vector"] >= 4]
    edge = own[own["scale"] == 20.0]["change"].quantile(0.975)
    band = controls.band(run, "melbo_02", "change").set_index("scale")
    assert band.loc[20.0, "high"] == pytest.approx(edge)
    assert len(controls.shared_band(run, "change")) == 0
    rows = sweep.ranking(run).set_index("name")
    assert rows.loc["melbo_02", "control"] == pytest.approx(
        band.loc[
            rows.loc["melbo_02", "scale"], "high" if rows.loc["melbo_02", "change"] > 0 else "low"
        ]
    )


def test_the_command_line_says_where_means_mix_norms(filled: FakeEngine, capsys) -> None:
    of_two_norms(filled.store, told=True)
    sentence = "The means mix 2 sites or norms; bands, p and badges do not."

    tables.evaluation(filled.store.load_evaluation("eeee0000000a"))
    assert sentence in " ".join(capsys.readouterr().out.split())
    tables.evaluation(filled.store.load_evaluation("eeee00000003"))
    assert sentence not in " ".join(capsys.readouterr().out.split())


def test_the_command_line_says_why_cells_are_empty(filled: FakeEngine, capsys) -> None:
    run = filled.store.load_evaluation("eeee00000003")
    frame = run.frame
    few = frame[(frame["vector_set"] != "control") | (frame["vector"] < 4)]

    tables.evaluation(run)
    told = " ".join(capsys.readouterr().out.split())
    assert "usable: unknown, as no KL was measured; evaluate with --side-effects." in told
    assert "p compares the vector" in told

    tables.evaluation(dataclasses.replace(run, frame=few))
    told = " ".join(capsys.readouterr().out.split())
    assert "No p values: at least 20 controls are needed at every scale" in told
    assert "p compares the vector" not in told


def test_an_older_run_says_which_vectors_have_no_random_ones_of_their_kind(
    filled: FakeEngine,
) -> None:
    of_two_norms(filled.store, told=False)

    app, run = open_page("overview", run="eeee0000000b"), resources.sweep("eeee0000000b")

    assert not app.exception
    assert "2 of 6 vectors have no random vectors of their own site and norm" in words(app)
    row = sweep.ranking(run).set_index("name").loc["melbo_02"]
    assert sweep.verdict(row.to_dict()) == "no matched controls"
