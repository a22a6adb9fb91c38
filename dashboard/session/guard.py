"""Lets only those in who know the token: for a machine whose other users could open the port.

One ASGI layer before everything that the server answers, also its websocket, files and uploads. A
browser that brings the token, by link or typed, gets a cookie that is derived from it; compared is
in constant time. Knows nothing of pages.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from engine.errors import ConfigError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

VARIABLE = "VECTORSCOPE_TOKEN"
PARAMETER = "token"
MADE = "auto"
SHORTEST = 16
"""Characters of a token of one's own: fewer could be guessed over a local port."""
LONGEST_FORM = 4096
PAUSE = 1.0
"""Seconds before a wrong token is answered."""
MONTH = 30 * 24 * 3600
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Vectorscope</title>
<meta name="viewport" content="width=device-width"><style>:root{{color-scheme:light dark}}
body{{font:16px/1.5 sans-serif;max-width:30rem;margin:15vh auto;padding:0 1rem}}
input,button{{font:inherit;padding:.4rem}}input{{width:60%}}</style></head><body><main>
<h1>Vectorscope</h1><p>{words}</p><form method="post"><label>Token
<input name="token" type="password" autocomplete="off" autofocus></label>
<button>Open</button></form></main></body></html>"""
ASK = "Open the link that the server's terminal shows, or type its token here."
WRONG = "This is not the token of this server."

_on = False


def asked() -> str | None:
    """The token that was asked for at the start, made here for `auto`; None without one.

    Raises:
        ConfigError: If it is too short.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        return None
    if given == MADE:
        return secrets.token_urlsafe(32)
    if len(given) < SHORTEST:
        raise ConfigError(
            f"The token has {len(given)} characters and needs {SHORTEST}: write a longer one, or "
            f"{MADE} to have one made."
        )
    return given


def is_missing() -> bool:
    """Whether a token was asked for, but this process was started without its guard."""
    return bool(os.environ.get(VARIABLE, "").strip()) and not _on


def is_on() -> bool:
    """Whether this process lets only those in who know its token."""
    return _on


class Guard:
    """Passes on what carries the token's cookie, and asks everyone else for the token."""

    def __init__(self, app: ASGI, token: str) -> None:
        """Guard `app` with `token`."""
        global _on
        _on = True
        self._app, self._token = app, token.encode()
        self._secret = self._derived("cookie")
        # Cookies know no ports: two servers reached through one machine keep one each.
        self._name = f"vectorscope_{self._derived('name')[:12]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan" or self._is_known(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._ask(scope, receive, send)

    def _derived(self, purpose: str) -> str:
        words = f"vectorscope {purpose}".encode()
        return hmac.new(self._token, words, hashlib.sha256).hexdigest()

    def _is_known(self, scope: Scope) -> bool:
        """Whether its cookie was given by a guard with the same token."""
        for name, value in scope.get("headers", ()):
            if name.lower() != b"cookie":
                continue
            try:
                found = SimpleCookie(value.decode("latin-1")).get(self._name)
            except CookieError:
                continue
            if found is not None and _equal(found.value.encode(), self._secret.encode()):
                return True
        return False

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        told = [value for name, value in query if name == PARAMETER]
        if scope["method"] == "POST":
            told = parse_qs((await _body(receive)).decode("latin-1")).get(PARAMETER, [""])
        if any(_equal(one.encode(), self._token) for one in told):
            rest = [pair for pair in query if pair[0] != PARAMETER]
            await self._let_in(_place(scope, rest), send)
            return
        if told:
            await asyncio.sleep(PAUSE)
        await _answer(send, 403, PAGE.format(words=f"{WRONG} {ASK}" if told else ASK))

    async def _let_in(self, place: str, send: Send) -> None:
        cookie = f"{self._name}={self._secret}; Path=/; Max-Age={MONTH}; HttpOnly; SameSite=Lax"
        await _answer(send, 303, "", [("location", place), ("set-cookie", cookie)])


def _equal(told: bytes, right: bytes) -> bool:
    """Compare in a time that says nothing of either, not even their lengths."""
    return hmac.compare_digest(hashlib.sha256(told).digest(), hashlib.sha256(right).digest())


def _place(scope: Scope, query: list[tuple[str, str]]) -> str:
    """Where the browser wanted to go, without the token; never another host."""
    path = "/" + quote(str(scope.get("path", "/"))).lstrip("/\\")
    return f"{path}?{urlencode(query)}" if query else path


async def _body(receive: Receive) -> bytes:
    """What was posted, up to a form's usual size."""
    content, more = b"", True
    while more and len(content) <= LONGEST_FORM:
        message = await receive()
        content += message.get("body", b"")
        more = bool(message.get("more_body"))
    return content[:LONGEST_FORM]


async def _answer(
    send: Send, status: int, text: str, headers: list[tuple[str, str]] | None = None
) -> None:
    always = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ]
    told = [(name.encode(), value.encode()) for name, value in [*always, *(headers or [])]]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": text.encode()})
