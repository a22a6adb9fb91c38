"""The token before the dashboard: who is let in, and how; the server behind it is a fake."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dashboard.session import guard
from engine.errors import ConfigError

TOKEN = "a token of enough signs"  # noqa: S105  Of no server.


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> guard.Guard:
    monkeypatch.setattr(guard, "PAUSE", 0.0)

    async def app(scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401
        await send({"type": "inside", "status": 200, "path": scope["path"]})

    found = guard.Guard(app, TOKEN)
    monkeypatch.setattr(guard, "_on", False)
    return found


def ask(door: guard.Guard, body: bytes = b"", **scope: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """What is sent for one connection."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asked = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    # A browser that tests share has a loop of its own in this thread.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, door(asked | scope, receive, send)).result()
    return sent


def headers(sent: list[dict[str, Any]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def cookie(door: guard.Guard) -> bytes:
    query = f"token={TOKEN.replace(' ', '+')}".encode()
    return headers(ask(door, query_string=query))["set-cookie"].split(";")[0].encode()


def test_who_brings_nothing_or_a_wrong_token_stays_outside(guarded: guard.Guard) -> None:
    for scope in (
        {},
        {"query_string": b"token=wrong"},
        {"query_string": b"token="},
        {"headers": [(b"cookie", b"vectorscope_000=1; other=2")]},
        {"headers": [(b"cookie", cookie(guarded) + b"x")]},
        {"method": "POST"},
        {"path": "/_stcore/upload_file/x", "method": "PUT"},
        {"path": "/media/x.png"},
    ):
        sent = ask(guarded, **scope)
        assert sent[0]["status"] == 403, scope
        assert "set-cookie" not in headers(sent)
        assert TOKEN.encode() not in sent[1]["body"]


def test_the_tokens_link_goes_where_it_said_without_the_token(guarded: guard.Guard) -> None:
    query = f"run=ab&token={TOKEN.replace(' ', '+')}&vec=%C3%A4".encode()
    sent = ask(guarded, path="/scope/curves", query_string=query)

    assert sent[0]["status"] == 303
    assert headers(sent)["location"] == "/scope/curves?run=ab&vec=%C3%A4"
    assert "HttpOnly" in headers(sent)["set-cookie"]
    assert TOKEN not in headers(sent)["set-cookie"]


def test_a_typed_token_opens_as_well(guarded: guard.Guard) -> None:
    sent = ask(guarded, f"token={TOKEN.replace(' ', '+')}".encode(), method="POST", path="/chat")

    assert (sent[0]["status"], headers(sent)["location"]) == (303, "/chat")


def test_no_link_leads_to_another_host(guarded: guard.Guard) -> None:
    query = f"token={TOKEN.replace(' ', '+')}".encode()

    for path in ("//evil.example/x", "/\\evil.example", "\\\\evil.example"):
        place = headers(ask(guarded, path=path, query_string=query))["location"]
        assert place[1] not in "/\\", path


def test_the_cookie_lets_in_requests_and_the_websocket(guarded: guard.Guard) -> None:
    known = {"headers": [(b"cookie", b"x=y; " + cookie(guarded))]}

    assert ask(guarded, path="/curves", **known)[0]["type"] == "inside"
    assert ask(guarded, type="websocket", **known)[0]["type"] == "inside"
    assert ask(guarded, type="websocket")[0] == {"type": "websocket.close", "code": 1008}


def test_the_cookie_of_another_token_does_not(guarded: guard.Guard) -> None:
    other = guard.Guard(guarded, "another token of enough signs")

    assert ask(other, headers=[(b"cookie", cookie(guarded))])[0]["status"] == 403


def test_a_token_is_made_taken_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(guard.VARIABLE, raising=False)
    assert guard.asked() is None
    monkeypatch.setenv(guard.VARIABLE, "auto")
    assert len({guard.asked() for _ in range(3)}) == 3
    monkeypatch.setenv(guard.VARIABLE, TOKEN)
    assert guard.asked() == TOKEN
    monkeypatch.setenv(guard.VARIABLE, "short")
    with pytest.raises(ConfigError, match="has 5 characters and needs 16"):
        guard.asked()


def test_a_page_whose_guard_is_missing_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, guarded: guard.Guard
) -> None:
    assert not guard.is_missing()
    monkeypatch.setenv(guard.VARIABLE, TOKEN)
    assert guard.is_missing()
    guard.Guard(guarded, TOKEN)
    assert not guard.is_missing()
