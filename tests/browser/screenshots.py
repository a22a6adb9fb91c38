"""Takes the pictures of README and docs from the records that ship with the project.

Run from the root: `.venv/bin/python -m tests.browser.screenshots`.
"""

import shutil
import tempfile
from pathlib import Path

from dashboard.frames import sweep as sweeps
from engine.store.store import Store
from tests.browser.server import ROOT, Dashboard, browsing

SIZE = {"width": 1400, "height": 900}


def views(store: Path) -> dict[str, tuple[str, str]]:
    """Per picture the address and the element to wait for; the curves of the strongest vector.

    All are of the demo model but those of the sentiment study and the six violins.
    """
    every = Store(store).list()
    infos = [one for one in every if one.model == "demo"]
    sentiment = next(one.digest for one in every if one.method == "sentiment")
    study = Store(store).load_experiment(
        next(one.digest for one in every if (one.method, one.model) == ("corrigibility", "smollm2"))
    )
    run = next(info.digest for info in infos if info.kind == "evaluation")
    sweep = sweeps.build(Store(store).load_evaluation(run))
    best = sweeps.ranking(sweep).iloc[0]
    deception = next(info.digest for info in infos if info.method == "deception")
    chart = "[data-testid=stVegaLiteChart] svg"
    return {
        "curves": (f"/curves?run={run}&vec={best['name']}", chart),
        "discover": (f"/discover?found={best['vector_set']}", "[data-testid=stDataFrame]"),
        "similarity": ("/similarity", chart),
        "studies": (f"/studies?study={deception}", chart),
        "sentiment": (f"/studies?study={sentiment}", chart),
        "methods": (
            f"/curves?run={study['evaluations'][0]}&tab=Methods&pick=six&model=smollm2",
            chart,
        ),
    }


def _without_jobs(store: Path, copy: Path) -> Path:
    shutil.copytree(store / "vectors", copy / "vectors")
    shutil.copytree(store / "results", copy / "results", ignore=shutil.ignore_patterns("jobs"))
    return copy


def main(store: Path = ROOT, out: Path = ROOT / "docs/pictures") -> None:
    """One picture per page, in the light theme."""
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        browsing() as browser,
        Dashboard(_without_jobs(store, Path(folder))) as dashboard,
    ):
        page = browser.new_context(viewport=SIZE, base_url=dashboard.address).new_page()
        for name, (path, element) in views(store).items():
            page.goto(path)
            page.locator(element).first.wait_for()
            # Charts and tables fade in.
            page.wait_for_timeout(1500)
            page.screenshot(path=out / f"{name}.png")


if __name__ == "__main__":
    main()
