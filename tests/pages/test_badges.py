"""Every badge explains itself: no call that draws one is without a sentence on hovering."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_WORDS = 20


def unexplained(code: str) -> Iterator[int]:
    """The lines on which a badge is drawn without `help`, or with too long a one."""
    for call in ast.walk(ast.parse(code)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        drawn = isinstance(call.func.value, ast.Name) and call.func.value.id == "st"
        in_words = any(
            isinstance(one, ast.Constant) and isinstance(one.value, str) and "-badge[" in one.value
            for argument in call.args
            for one in ast.walk(argument)
        )
        if not drawn or (call.func.attr != "badge" and not in_words):
            continue
        told = next((one.value for one in call.keywords if one.arg == "help"), None)
        is_none = told is None or (isinstance(told, ast.Constant) and not told.value)
        is_long = isinstance(told, ast.Constant) and len(str(told.value).split()) > MOST_WORDS
        if is_none or is_long:
            yield call.lineno


def test_every_badge_explains_itself() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "dashboard").rglob("*.py"))
        for line in unexplained(path.read_text(encoding="utf-8"))
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("st.badge('cut off')", 1),
        ("st.badge('cut off', help=None)", 1),
        ("st.badge('cut off', help='It was.')", 0),
        (f"st.badge('cut off', help={' '.join(['word'] * 21)!r})", 1),
        ("st.markdown(f':{colour}-badge[x] y')", 1),
        ("st.markdown(f':{colour}-badge[x] y', help='Why.')", 0),
        ("words.badge(row)", 0),
    ],
)
def test_a_badge_without_a_sentence_is_found(code: str, count: int) -> None:
    assert len(list(unexplained(code))) == count
