"""A dashboard whose runs end slowly, as beside a model that is being loaded.

`python -m tests.browser.rows.slow_ends PORT` is `tests.browser.host`, but the collection of garbage
with which Streamlit ends each run of a page takes long. What is clicked meanwhile is drawn by the
same thread, after whatever that thread drew last.
"""

import runpy
import time
from types import SimpleNamespace

from streamlit.runtime.scriptrunner import script_runner

SECONDS = 0.35


def collect(_generation: int = 2) -> int:
    """Nothing, slowly."""
    time.sleep(SECONDS)
    return 0


if __name__ == "__main__":
    script_runner.gc = SimpleNamespace(collect=collect)
    runpy.run_module("tests.browser.host", run_name="__main__")
