"""Parts of pages that look again by themselves leave time for the rest."""

import pytest
import streamlit as st

from dashboard.session import pace
from dashboard.session.pace import LONGEST, Refreshes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def test_one_reader_of_a_quiet_machine_looks_as_often_as_is_wanted(clock) -> None:
    looks = Refreshes()
    assert looks.every(0.5) == 0.5

    looks.note("a", "tray", 0.02)

    assert looks.every(0.5) == 0.5
    assert looks.every(0.3) == 0.3


def test_ten_readers_together_take_a_quarter_of_a_core(clock) -> None:
    looks = Refreshes()
    for reader in range(10):
        looks.note(str(reader), "tray", 0.03)
        looks.note(str(reader), "chart", 0.02)

    assert looks.every(0.5) == pytest.approx(10 * 0.05 / 0.25)


def test_a_look_is_never_longer_away_than_a_few_seconds(clock) -> None:
    looks = Refreshes()
    for reader in range(100):
        looks.note(str(reader), "tray", 1.0)

    assert looks.every(0.5) == LONGEST
    assert looks.every(8.0) == 8.0


def test_a_slow_look_counts_half_once_and_less_each_time_after(clock) -> None:
    looks = Refreshes()
    looks.note("a", "tray", 0.1)
    looks.note("a", "tray", 0.5)
    assert looks.every(0.1) == pytest.approx(0.3 / 0.25)

    looks.note("a", "tray", 0.1)

    assert looks.every(0.1) == pytest.approx(0.2 / 0.25)


def test_a_closed_tab_is_forgotten(clock) -> None:
    looks = Refreshes()
    looks.note("a", "tray", 1.0)
    clock[0] += pace.FORGOTTEN

    assert looks.every(0.5) == 0.5


def page() -> None:
    """A page with two parts, one of which looks again."""
    import streamlit as st

    from dashboard.session import pace

    pace.repeat(st.text, None, "looked at once")
    pace.repeat(st.caption, 0.5, "looked at again")


def test_only_parts_that_look_again_are_counted(monkeypatch) -> None:
    from streamlit.testing.v1 import AppTest

    looks = Refreshes()
    monkeypatch.setattr(pace, "REFRESHES", looks)

    app = AppTest.from_function(page).run()

    assert not app.exception
    assert (app.text[0].value, app.caption[0].value) == ("looked at once", "looked at again")
    assert [part for _, part in looks._last] == [st.caption.__qualname__]
