"""Charts are made once for all readers, and what is sent is the same each time."""

import altair as alt
import pandas as pd
import pyarrow as pa
import pytest

from dashboard.charts import quick as quick_charts


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    quick_charts.forget()


def chart() -> alt.Chart:
    table = pd.DataFrame({"scale": [-1.0, 0.0, 1.0], "change": [-0.5, 0.0, 0.7]})
    return alt.Chart(table).mark_line().encode(x="scale:Q", y="change:Q")


def app(times: int) -> None:
    import streamlit as st

    from dashboard.charts import quick as quick_charts
    from tests.pages.test_quick_charts import chart

    for number in range(times):
        st.altair_chart(quick_charts.kept("one", chart), key=f"chart_{number}")


def test_a_kept_chart_is_sent_as_the_chart_itself_would_be() -> None:
    from streamlit.testing.v1 import AppTest

    shown = AppTest.from_function(app, args=(3,)).run().get("vega_lite_chart")

    assert len(shown) == 3
    specs = {one.proto.spec for one in shown}
    tables = {one.proto.datasets[0].data.data for one in shown}
    assert len(specs) == len(tables) == 1
    assert '"field":"change"' in specs.pop().replace(" ", "")
    read = pa.ipc.open_stream(tables.pop()).read_all()
    assert read["change"].to_pylist() == [-0.5, 0.0, 0.7]


def test_a_chart_is_made_once_for_each_key() -> None:
    made = []

    def make() -> alt.Chart:
        made.append(1)
        return chart()

    first = quick_charts.kept(("violin", "a"), make)
    assert quick_charts.kept(("violin", "a"), make) is first
    assert quick_charts.kept(("violin", "b"), make) is not first
    assert len(made) == 2


def test_that_there_is_nothing_to_show_is_kept_too() -> None:
    assert quick_charts.kept("none", lambda: None) is None
    assert quick_charts.kept("none", chart) is None


def test_what_is_sent_cannot_be_changed_by_who_sends_it() -> None:
    quick = quick_charts.Quick(chart())
    first = quick.to_dict()
    first["encoding"]["x"]["field"] = "another"
    first.pop("mark")

    again = quick.to_dict()

    assert again["encoding"]["x"]["field"] == "scale"
    assert "mark" in again


def test_the_oldest_and_the_largest_charts_are_let_go(monkeypatch) -> None:
    monkeypatch.setattr(quick_charts, "MOST_KEPT", 2)
    first = quick_charts.kept(1, chart)
    quick_charts.kept(2, chart)
    assert quick_charts.kept(1, chart) is first
    quick_charts.kept(3, chart)
    assert quick_charts.kept(1, chart) is first
    assert list(quick_charts._kept) == [3, 1]

    first.to_dict()
    monkeypatch.setattr(quick_charts, "MOST_BYTES", first.size - 1)
    quick_charts.kept(4, chart)

    assert list(quick_charts._kept) == [3, 4]
