"""What a card says of signs that it cannot draw, and where its link leads."""

import pytest

from dashboard.cards import card, scripts


@pytest.mark.parametrize("is_brief", [True, False])
def test_a_link_on_a_card_keeps_the_base_path(
    monkeypatch: pytest.MonkeyPatch, is_brief: bool
) -> None:
    monkeypatch.setattr(card.navigation, "mounted", lambda: "/deep")
    shown = card.view("/curves?run=abc", {})

    svg = card.framed("Title", "", "", 10, shown, is_brief=is_brief).svg

    assert "/deep/curves?run=abc" in svg


def test_a_card_names_the_scripts_that_no_font_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "_is_drawn", lambda sign: sign != "\u4e2d")
    body = "<text>\u4e2d \u0645 \U0001f600</text>"

    svg = card.framed("Title", "", body, 10, card.view("/curves", {})).svg

    assert "No installed font draws Chinese: such signs are boxes." in svg
    monkeypatch.setattr(scripts, "_is_drawn", lambda _sign: False)
    assert scripts.undrawn("\u4e2d \u0645 \U0001f600 a\u2212") == ["Chinese", "Arabic", "emoji"]
    assert scripts.sentence("plain \u2264") == ""
