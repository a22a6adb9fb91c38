"""The token before the dashboard, with the real server and a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import server

pytestmark = pytest.mark.browser
TOKEN = "a-token-of-enough-signs"  # noqa: S105  Of no server.
SOCKET = """new Promise(done => {
  const one = new WebSocket(location.origin.replace('http', 'ws') + '/_stcore/stream');
  one.onopen = () => done('open');
  one.onclose = () => done('shut');
})"""


@pytest.fixture
def address(chromium: object, tmp_path: Path) -> Iterator[str]:
    port = str(server.free_port())
    given = os.environ | {"VECTORSCOPE_TOKEN": TOKEN, "VECTORSCOPE_STORE": str(tmp_path)}
    words = [sys.executable, "-m", "streamlit", "run", "dashboard/guarded.py"]
    process = subprocess.Popen(
        [*words, "--server.port", port], cwd=server.ROOT, env=given, stdout=subprocess.DEVNULL
    )
    found = f"http://127.0.0.1:{port}"
    server.wait_until_healthy(found, process)
    yield found
    process.kill()
    process.wait()


def test_the_link_opens_the_page_and_another_reader_sees_nothing(
    chromium: object, address: str
) -> None:
    reader, other = (chromium.new_context(base_url=address).new_page() for _ in range(2))

    reader.goto(f"/library?token={TOKEN}")
    reader.get_by_role("heading", name="Library").wait_for()
    assert TOKEN not in reader.url
    reader.reload()
    reader.get_by_role("heading", name="Library").wait_for()

    assert other.goto("/library").status == 403
    other.get_by_label("Token").fill("something else")
    other.get_by_role("button", name="Open").click()
    other.get_by_text("This is not the token").wait_for()
    assert other.evaluate(SOCKET) == "shut"
    other.get_by_label("Token").fill(TOKEN)
    other.get_by_role("button", name="Open").click()
    other.get_by_role("heading", name="Library").wait_for()
