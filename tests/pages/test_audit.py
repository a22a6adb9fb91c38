import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from dashboard.charts import audit as audit_drawings
from dashboard.words import inks
from engine.audit import audit
from engine.store.store import Store
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine


def told(app: object) -> str:
    return words(app).replace("\\", "")


def sweep_json(letter: str = "B", questions: int = 12) -> bytes:
    """A sweep in the corrigibility study's layout: one vector, one control, one letter."""
    rows = [
        {"question_idx": q, "vector_type": kind, "vector_idx": 0, "scale": scale,
         "logit_A": 1.0, "logit_B": q - 5.5 + push * scale, "survival_letter": letter,
         "chose_survival": q - 6.5 + push * scale > 0}
        for kind, push in (("steering", 0.5), ("random", 0.1))
        for scale in (0.0, 5.0)
        for q in range(questions)
    ]  # fmt: skip
    return json.dumps({"model": "m", "results": rows}).encode()


def upload(*files: tuple[str, bytes]) -> object:
    app = open_page("library", section="audit")
    if app.button_group:
        app.segmented_control(key="audit_source").set_value("file").run()
    given = [(name, content, "application/octet-stream") for name, content in files]
    return app.file_uploader[0].set_value(given).run()


def test_an_empty_store_asks_for_a_file_and_says_so_when_a_record_is_asked_for(
    engine: FakeEngine,
) -> None:
    app = open_page("library", section="audit")
    assert not app.exception
    assert "Drop files here" in told(app)

    app.segmented_control(key="audit_source").set_value("store").run()

    assert not app.exception
    assert "Nothing is stored yet" in told(app)


def test_the_newest_record_is_audited_and_drawn_beside_its_controls(filled: FakeEngine) -> None:
    app = open_page("library", section="audit")

    assert not app.exception
    assert app.selectbox(key="audit").value == "eeee00000003"
    assert "Both orders" in told(app)
    assert "24 random controls" in told(app)
    assert charts(app) == 2


def test_a_link_opens_its_record(filled: FakeEngine) -> None:
    app = open_page("library", section="audit", audit="aaaa")

    assert app.selectbox(key="audit").value == "aaaa00000001"
    assert "No copies" in told(app)
    assert charts(app) == 1


def test_a_link_to_a_record_that_is_gone_says_so(filled: FakeEngine) -> None:
    app = open_page("library", section="audit", audit="9999deadbeef")

    assert not app.exception
    assert "asks for the record 9999deadbeef, which is not here" in told(app)


def test_an_uploaded_sweep_is_audited_with_its_figure_and_stored_nowhere(
    filled: FakeEngine,
) -> None:
    before = sorted(filled.store.root.rglob("*"))

    app = upload(("theirs.json", sweep_json()))

    assert not app.exception
    assert "One letter sample" in told(app)
    assert "12 of 12 at (B)" in told(app)
    assert charts(app) == 2
    assert "audit" not in app.query_params
    assert sorted(filled.store.root.rglob("*")) == before


def test_foreign_vectors_are_kept_only_when_asked(engine: FakeEngine) -> None:
    array = io.BytesIO()
    np.save(array, np.eye(3, 128, dtype=np.float32))
    app = upload(("three.npy", array.getvalue()))
    assert engine.store.list() == []
    key = "0_" + hashlib.sha256(array.getvalue()).hexdigest()[:12]

    app.button(key=f"audit_keep_{key}").click().run()
    assert "whose block is known" in app.error[0].value.replace("\\", "")
    app.number_input(key=f"audit_{key}_layer").set_value(3)
    app.selectbox(key=f"audit_{key}_site").set_value("block_out")
    app.button(key=f"audit_keep_{key}").click().run()

    assert not app.exception
    (kept,) = engine.store.list()
    assert (kept.method, kept.model) == ("imported", "demo")
    assert kept.digest in app.success[0].value


def test_what_cannot_be_read_says_why_and_the_rest_is_audited(engine: FakeEngine) -> None:
    app = upload(("torn.json", b'{"results": ['), ("**good**.json", sweep_json()))

    assert not app.exception
    # Names are shown as they are, not as Markdown.
    assert "\\*\\*good\\*\\*\\.json" in words(app)
    assert "torn.json is not whole JSON" in app.error[0].value.replace("\\", "")
    assert "One letter sample" in told(app)


def test_one_vector_can_be_drawn_alone_and_as_change(filled: FakeEngine) -> None:
    app = open_page("library", section="audit", audit="eeee")

    app.selectbox(key="drawn").set_value("melbo_00").run()
    app.segmented_control(key="figure").set_value("change").run()

    assert not app.exception
    assert charts(app) == 2
    assert app.query_params["drawn"] == "melbo_00"
    again = open_page("library", section="audit", audit="eeee", drawn="melbo_00", figure="change")
    assert again.selectbox(key="drawn").value == "melbo_00"
    assert again.segmented_control(key="figure").value == "change"


def test_both_drawings_share_one_height(filled: FakeEngine, tmp_path: Path) -> None:
    found = audit("eeee", filled.store)

    pair = audit_drawings.beside(found, "all:melbo", "difference", inks.LIGHT)

    domains = [
        layer["encoding"]["y"]["scale"]["domain"]
        for drawing in pair
        for layer in drawing.to_dict()["layer"]
        if "scale" in layer["encoding"].get("y", {})
    ]
    assert len(domains) == 2
    assert domains[0] == domains[1]


def test_the_share_on_top_is_that_of_the_audits_table(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(sweep_json())
    found = audit(tmp_path / "s.json", Store(tmp_path))

    drawing, _ = audit_drawings.beside(found, "all:steering", "difference", inks.LIGHT)

    spec = drawing.to_dict()
    texts = [layer for layer in spec["layer"] if layer["mark"].get("type") == "text"]
    drawn = {row["scale"]: row["rate"] for row in spec["datasets"][texts[0]["data"]["name"]]}
    table = found.rates.query("method == 'steering'").set_index("scale")["rate"].to_dict()
    assert drawn == pytest.approx(table)


def test_a_files_error_names_fields_of_the_form_and_no_option() -> None:
    """Three hundred features, of which none was chosen."""
    content = io.BytesIO()
    torch.save({"W_dec": torch.ones(300, 8), "b_dec": torch.ones(8)}, content)

    page = upload(("sae.pt", content.getvalue()))

    (error,) = [one.value for one in page.error]
    assert 'as "Which ones" 3,17' in error.replace("\\", "")
    assert "--" not in error
