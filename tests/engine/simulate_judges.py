"""How judges do on planted labels, whether shuffled labels give uniform p, and whether kappa's
interval holds: `python -m tests.engine.simulate_judges [--runs 200]`. A few minutes.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from engine.configs.core import ModelConfig
from engine.evaluators.judges import choosing
from engine.evaluators.judges.verdicts import Judged, labels_of
from engine.model import loading
from engine.model.forward import Forward
from engine.questions.rubrics import BROKEN, load_rubric
from engine.runs.studies import deception_tables as tables
from engine.runs.studies.arms import USUAL, Arm, random_column
from engine.runs.studies.randoms import p_value
from engine.statistics.agreement import figures
from engine.store.store import Store

ROOT = Path(__file__).resolve().parents[2]
GRIDS = ("5da21320d95b", "9205182c718b")
"""The shipped deception study's texts: on the questions that chose cells, and on the others."""
JUDGES = {
    "reference": "data/rubrics/advice.json",
    "local": "data/rubrics/demo-advice.json",
    "local, letters": "data/rubrics/advice.json",
}
ARMS = [Arm(family=f, adapter=a, way=USUAL[0]) for a in (False, True) for f in (0, 1)]
CONTROLS = 64


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def planted() -> None:
    """Kappa of each judge with the word list over all different texts, also by model."""
    store, door = Store(ROOT), Forward(loading.load(ModelConfig(), ROOT))
    whole = pd.concat([store.load_generation(grid).frame for grid in GRIDS])
    texts = whole.drop_duplicates(["prompt", "text"]).reset_index(drop=True)
    texts = texts[texts.label.isin(["honest", "deceptive", BROKEN])]
    say(f"{len(texts)} different texts; word list: {texts.label.value_counts().to_dict()}")
    pairs = [Judged(*row) for row in zip(texts.prompt, texts.text, strict=True)]
    for name, path in JUDGES.items():
        judge = choosing.find(name.partition(",")[0], door, load_rubric(path))
        own = np.array([verdict.label for verdict in labels_of(judge, pairs)])
        say(f"\n{name} ({path})")
        tuned = texts.adapter.to_numpy(bool)
        for words, part in (("all", tuned | ~tuned), ("base", ~tuned), ("fine-tuned", tuned)):
            true, said = texts.label.to_numpy()[part], own[part]
            poles = (true != BROKEN) & (said != BROKEN)
            say(
                f"  {words:10} three labels: kappa {cohen_kappa_score(true, said):.3f} of "
                f"{part.sum()}; both poles: kappa "
                f"{cohen_kappa_score(true[poles], said[poles]):.3f} of {poles.sum()}"
            )


def shuffled_p(frame: pd.DataFrame, arm: Arm, seed: int, controls: int = CONTROLS) -> list[float]:
    """p of an arm whose steered answers' labels were shuffled, and p with ties broken at random.

    Columns are exchangeable then. The study's p counts a tie against the arm, so it is at least
    uniform; with ties broken at random it is uniform.
    """
    draw = np.random.default_rng(seed)
    names = [arm.name, *(random_column(arm, i) for i in range(controls))]
    own = frame[frame.configuration.isin([arm.baseline, *names])].copy()
    steered = (own.configuration != arm.baseline).to_numpy()
    own.loc[steered, "label"] = draw.permutation(own.label.to_numpy()[steered])
    share, *null = tables.shares(own, arm, names)
    above, tied = sum(v > share for v in null), sum(v == share for v in null)
    study = float(p_value(share, null)["p"])
    return [study, (above + draw.uniform() * (1 + tied)) / (1 + len(null))]


def uniform(runs: int) -> None:
    """Kolmogorov-Smirnov over runs with shuffled labels, the arms in turn."""
    frame = Store(ROOT).load_generation(GRIDS[1]).frame
    found = np.array([shuffled_p(frame, ARMS[i % 4], i) for i in range(runs)])
    told = scipy.stats.kstest(found[:, 1], "uniform")
    study = scipy.stats.kstest(found[:, 0], "uniform", alternative="greater")
    say(f"\nShuffled labels, {runs} runs: KS p {told.pvalue:.3f} with ties broken at random.")
    say(f"The study's own p is not too small: one-sided KS p {study.pvalue:.3f},")
    say(f"share of p <= .05 {np.mean(found[:, 0] <= 0.05):.3f}.")


def coverage(draws: int = 600) -> None:
    """How often kappa's interval holds the true one, beside the usual standard error's."""
    draw = np.random.default_rng(0)
    say("\nn, kappa, margins: coverage of the interval given, and of the usual one")
    for n in (40, 80):
        for kappa in (0.0, 0.5, 0.8, 0.95):
            for margins in ((0.5, 0.5), (0.8, 0.2), (0.5, 0.3, 0.2)):
                m = np.array(margins)
                cells = kappa * np.diag(m) + (1 - kappa) * np.outer(m, m)
                hits = np.zeros(2)
                for _ in range(draws):
                    table = draw.multinomial(n, cells.ravel()).reshape(cells.shape)
                    judge, people = (
                        [str(i) for i in np.repeat(np.indices(table.shape)[axis], table.ravel())]
                        for axis in (0, 1)
                    )
                    one = figures.agreement(judge, people)
                    usual = cohens_kappa(table)
                    hits += (
                        not one.kappa_low > kappa and not one.kappa_high < kappa,
                        usual.kappa_low <= kappa <= usual.kappa_upp,
                    )
                say(f"{n}, {kappa:.2f}, {margins}: {hits[0] / draws:.3f}, {hits[1] / draws:.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    asked = parser.parse_args()
    planted()
    uniform(asked.runs)
    coverage()
