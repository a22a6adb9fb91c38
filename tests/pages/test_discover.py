import dataclasses

from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ModelError
from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine, evaluation


def test_the_form_starts_with_the_layers_of_the_demo_model(engine: FakeEngine) -> None:
    app = open_page("discover")

    assert not app.exception
    assert app.number_input(key="find_source_layer").value == 1
    assert app.number_input(key="find_target_layer").value == 7
    assert "No vectors yet" in words(app)


def test_find_submits_what_the_form_says(engine: FakeEngine) -> None:
    app = open_page("discover")

    app.number_input(key="find_melbo_vectors").set_value(3)
    app.text_area(key="find_prompts").set_value("Will you stop?").run()
    app.button(key="find").click().run()

    assert not app.exception
    assert isinstance(engine.submitted[0], MelboConfig)
    assert engine.submitted[0].vectors == 3
    assert engine.submitted[0].prompts.prompts == ("Will you stop?",)


def test_each_method_has_only_its_own_settings(engine: FakeEngine) -> None:
    app = open_page("discover", method="Power iteration")

    keys = [field.key for field in app.number_input]
    assert "find_power-iteration_iterations" in keys
    assert not any("steps" in key for key in keys)
    app.button(key="find").click().run()
    assert isinstance(engine.submitted[0], PowerIterationConfig)


def test_settings_that_cannot_work_are_refused_in_words(engine: FakeEngine) -> None:
    app = open_page("discover")

    app.number_input(key="find_target_layer").set_value(1).run()

    assert "must come after the source layer" in app.error[0].value.replace("\\", "")
    assert "find" not in [button.key for button in app.button]


def test_what_was_found_is_offered_and_opened_when_asked(filled: FakeEngine) -> None:
    app = open_page("discover")
    app.button(key="find").click().run()
    job = next(job for job in filled.jobs.all() if job.kind == "find")
    filled.jobs.wait(job, 5.0)
    before = app.session_state["found"]
    app.run()
    assert app.session_state["found"] == before != job.result

    app.button(key=f"offer_{job.id}").click().run()

    assert app.session_state["found"] == job.result
    assert len(app.dataframe[0].value) == 12


def test_a_failed_job_shows_its_last_line_and_its_traceback(engine: FakeEngine) -> None:
    engine.failure = RuntimeError("a bug in <b>the finder</b>")
    app = open_page("discover")
    app.button(key="find").click().run()
    engine.jobs.wait(engine.jobs.all()[0], 5.0)

    app.run()

    assert not app.exception
    assert "failed" in app.error[0].value
    assert "Traceback" in [expander.label for expander in app.expander]


def test_a_refusal_has_no_traceback(engine: FakeEngine) -> None:
    engine.failure = ModelError("The model is not here: load another.")
    app = open_page("discover")
    app.button(key="find").click().run()
    engine.jobs.wait(engine.jobs.all()[0], 5.0)

    app.run()

    assert "load another" in app.error[0].value
    assert "Traceback" not in [expander.label for expander in app.expander]


def test_the_leaderboard_ranks_by_effect_and_shows_the_control(filled: FakeEngine) -> None:
    app = open_page("discover", found="aaaa00000001")

    table = app.dataframe[0].value
    assert not app.exception
    assert table["name"].iloc[0] == "melbo_00"
    assert table["change"].abs().is_monotonic_decreasing
    assert table["control"].notna().all()
    assert app.button(key="open_curves").label == r"Open curves of melbo\_00"


def test_a_link_to_a_missing_set_says_so(filled: FakeEngine) -> None:
    app = open_page("discover", found="ffff00000000")

    assert not app.exception
    assert "vector set ffff00000000" in app.warning[0].value


def test_evaluate_submits_the_chosen_questions_and_scales(filled: FakeEngine) -> None:
    app = open_page("discover", found="aaaa00000001")

    app.text_input(key="ab_scales").set_value("-4, 4").run()
    app.selectbox(key="ab_questions").set_value("data/questions/survival.jsonl").run()
    app.toggle(key="ab_side_effects").set_value(True).run()
    app.button(key="evaluate").click().run()

    request = filled.submitted[0]
    assert request.side_effects
    assert request.knowledge == "data/knowledge/demo.jsonl"
    assert request.scales == (-4.0, 0.0, 4.0)
    assert request.vectors[0].digest == "aaaa00000001"
    assert request.questions == "data/questions/survival.jsonl"
    assert request.behaviour == "survival"


def test_scales_that_are_no_numbers_are_refused(filled: FakeEngine) -> None:
    app = open_page("discover", found="aaaa00000001")

    app.text_input(key="ab_scales").set_value("a lot").run()

    assert "are not all numbers" in app.error[0].value


def test_the_selected_vector_can_be_evaluated_alone(filled: FakeEngine) -> None:
    app = open_page("discover", found="aaaa00000001")

    app.session_state["ab_which"] = "only the selected one"
    app.run()
    app.button(key="evaluate").click().run()

    assert filled.submitted[0].vectors[0].indices == (0,)


def test_vectors_that_were_not_measured_stay_on_the_leaderboard(filled: FakeEngine) -> None:
    found = filled.store.load_vectors("aaaa00000001")
    one = dataclasses.replace(found, digest="a1a1a1a1a1a1", scores={"scale": [1.0, 2.0, 3.0]})
    filled.store.save_vectors(one)
    alone = dataclasses.replace(
        one, vectors=one.vectors[:1], sites=one.sites[:1], scores={"scale": [1.0]}
    )
    config = EvaluateConfig(vectors=(VectorRef(digest=one.digest, indices=(0,)),), controls=24)
    filled.store.save_evaluation(evaluation(config, [alone], "c1c1c1c1c1c1"))

    app = open_page("discover", found="a1a1a1a1a1a1")

    table = app.dataframe[0].value
    assert not app.exception
    assert table["verdict"].tolist()[1:] == ["not measured", "not measured"]
    assert table["scale (found)"].tolist() == [1.0, 2.0, 3.0]


def test_evidence_is_shown_beside_its_vectors_and_is_no_study(filled: FakeEngine) -> None:
    filled.store.save_experiment(
        "ee0000000001",
        {
            "name": "evidence",
            "title": "Evidence for melbo",
            "config": {"vectors": "aaaa00000001"},
            "model": {"short_name": "demo"},
            "tables": {"vectors": [{"vector": "melbo_00", "other_seeds": 0.42}]},
            "sentences": ["None of the 3 vectors is found *again*."],
        },
    )

    app = open_page("discover", found="aaaa00000001")

    assert "None of the 3 vectors is found \\*again\\*" in words(app)
    assert not [button for button in app.button if button.key == "gather"]
    assert "No study is stored yet" in words(open_page("studies"))


def test_evidence_can_be_asked_for_where_there_is_none(filled: FakeEngine, monkeypatch) -> None:
    asked = []

    def submit(config):
        asked.append(config)
        return filled.jobs.submit("Evidence", "evidence", lambda _progress: config.vectors)

    monkeypatch.setattr(filled, "submit", submit)
    app = open_page("discover", found="aaaa00000001")

    app.button(key="gather").click().run()

    assert asked[0].vectors == "aaaa00000001"
    assert len(asked[0].prompts) == 2


def test_evaluate_acts_on_what_was_shown_or_not_at_all(filled: FakeEngine) -> None:
    app = open_page("discover", found="bbbb00000002")
    filled.store.remove("bbbb00000002")

    app.button(key="evaluate").click().run()

    assert filled.submitted == []
    assert "bbbb00000002 was shown here and is gone" in app.error[0].value
    # The next click is on what is shown now.
    app.button(key="evaluate").click().run()
    assert [ref.digest for ref in filled.submitted[0].vectors] == ["aaaa00000001"]


def test_evidence_is_gathered_of_what_was_shown_or_not_at_all(filled: FakeEngine) -> None:
    app = open_page("discover", found="bbbb00000002")
    filled.store.remove("bbbb00000002")

    app.button(key="gather").click().run()

    assert filled.submitted == []
    assert "nothing was started" in app.error[0].value
