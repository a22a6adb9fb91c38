"""The dashboard in a process whose engine is handed jobs through standard input.

`python -m tests.browser.host PORT` runs the app as `streamlit run` does. Each line of its input
is an order: {"submit": request}, what a job's record holds, or {"cancel": title}. The jobs are
real; only nobody has to click for them. At the end of the input the process ends.
"""

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def follow_orders() -> None:
    """Obey until the input ends; what an order cannot do is printed and passed over."""
    for line in sys.stdin:
        try:
            obey(json.loads(line))
        except Exception:  # noqa: BLE001  The next order may be right.
            traceback.print_exc()
    os._exit(0)


def obey(order: dict[str, Any]) -> None:
    """Queue or cancel in this process's one engine."""
    from engine.runs.engine import shared_engine

    engine = shared_engine()
    if "submit" in order:
        engine.submit_again(order["submit"])
    for job in engine.jobs.active():
        if order.get("cancel") in ("all", job.title):
            engine.jobs.cancel(job.id)


if __name__ == "__main__":
    from streamlit.web.cli import main

    threading.Thread(target=follow_orders, daemon=True).start()
    app = str(ROOT / "dashboard/app.py")
    sys.argv = ["streamlit", "run", app, f"--server.port={sys.argv[1]}"]
    main()
