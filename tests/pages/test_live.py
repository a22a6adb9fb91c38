import time

import pandas as pd

from dashboard.views.generations import live
from dashboard.widgets.sheets import Sheet


def test_the_text_that_is_written_is_found_at_once_in_a_large_grid() -> None:
    prompts = [f"Prompt {i}" for i in range(40)]
    rows = [
        {"prompt": prompt, "configuration": name, "sample": sample, "finished": True}
        for prompt in prompts
        for sample in range(100)
        for name in ("base", "steered")
    ]
    rows[-1]["finished"] = False
    config = {
        "prompts": prompts,
        "samples": 100,
        "configurations": [{"name": "base"}, {"name": "steered"}],
    }
    began = time.perf_counter()

    found = live._first_unfinished(Sheet("d1", "running", config, pd.DataFrame(rows)))

    assert found == (39, 99, 1)
    # The page asks three times a second.
    assert time.perf_counter() - began < 1.0
    none = pd.DataFrame(columns=["prompt", "configuration", "sample", "finished"])
    assert live._first_unfinished(Sheet("d1", "queued", config, none)) == (0, 0, 0)
    whole = pd.DataFrame(rows).assign(finished=True)
    assert live._first_unfinished(Sheet("d1", "running", config, whole)) == (39, 99, 0)
