"""A few kinds of model against whole passes; all of them: `python -m tests.architectures`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.model import checks, decoding
from engine.model.blocks import BlockRunner
from engine.model.ways import length
from tests.architectures import measuring, models

WAYS = {
    "llama, tied, llama3 RoPE": "by hand",
    "mistral, window": "hooks",
    "llama, dynamic RoPE": "hooks",
    "qwen3_moe": "by hand",
    "lfm2": "hooks",
    "gemma2": "hooks",
}
"""A plain one, a window without kinds of blocks, RoPE that grows, experts, a hybrid, a soft cap."""


@pytest.fixture(autouse=True)
def less_to_read(monkeypatch) -> None:
    for name, part in (("TOKENS", 6), ("PAIRS", measuring.PAIRS[:3])):
        monkeypatch.setattr(measuring, name, part)
    monkeypatch.setattr(measuring, "QUESTIONS", measuring.QUESTIONS[:2])


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("name", WAYS)
def test_every_feature_equals_whole_passes(name: str, tmp_path: Path) -> None:
    report = measuring.report(name, tmp_path)

    assert report.way == WAYS[name], report.reason
    assert {title: one for title, one in report.figures.items() if not one.holds} == {}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_is_known_before_any_self_test(name: str, tmp_path: Path) -> None:
    model = models.build(name, tmp_path)

    assert BlockRunner.fits(model.model) == (WAYS[name] == "by hand")


def without_the_rule(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(length, "why_not_by_hand", lambda _core: None)


def without_dependence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("engine.model.hooked.rope_depends_on_length", lambda _config: False)


def with_rows_chosen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decoding, "_is_by_row", lambda _cache: True)


@pytest.mark.matrix(keep=1)
@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("mistral, window", without_the_rule),
        ("llama, dynamic RoPE", without_dependence),
        ("lfm2", with_rows_chosen),
    ],
)
def test_what_is_taken_out_is_seen_here_and_by_the_self_tests(
    name: str, broken: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch
) -> None:
    for title in ("MELBO", "Jacobian"):
        monkeypatch.delitem(measuring.FEATURES, title)
    broken(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(checks, "run_checks", lambda _door: [])
        assert not measuring.report(name, tmp_path / "unwatched").is_right

    watched = measuring.report(name, tmp_path / "watched")
    assert watched.is_right
    # The self-tests choose another way, and refuse nothing.
    assert [one.words for one in watched.figures.values() if one.words] == []
