"""Foreign sweeps and our own evaluations in the one form in which they are audited.

Judges nothing. Its frame is an evaluation's, so that every statistic of ours applies to it.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from engine.audit.findings import POINT_COLUMNS, RATE_COLUMNS
from engine.audit.vector_subject import record_claims
from engine.foreign.formats.sweeps import UNSTEERED
from engine.foreign.formats.values import ForeignResults
from engine.records import readings, steered
from engine.records.readings import LETTERS, Reading
from engine.records.records import Evaluation, QuestionSet
from engine.records.steered import PLAIN, Steered
from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CONTROL
from engine.statistics.yardsticks import UNTOLD, YARDSTICK, Yardsticks

CONTROLS = ("random", "control", "controls", "noise")
"""Kinds of vectors that are taken for random controls, by how their names begin."""
ASKED = ["question", "order"]
OWN = "vectorscope."
"""Begins what the sweeps that Vectorscope wrote in the study's layout tell of themselves."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep ready for the checks."""

    frame: pd.DataFrame
    """An evaluation's columns, with dataset, claimed_difference and claimed_choice; the unsteered
    model stands once, also where the file repeats it."""
    behaviour: str
    claims: dict[str, Any]
    mass: Literal["recorded", "normalised", "missing"]
    """Whether P(A) + P(B) over the vocabulary is known; written answers have none."""
    zero_rows: int
    """Rows of the file at scale 0."""
    zero_spread: float
    """Largest difference between the logits that repeats of one question have at scale 0."""
    repeated: int
    """Rows that repeat a (vector, scale, question, order), scale 0 aside."""
    questions: QuestionSet | None = None
    """Of our own evaluations: texts, polarity and what was dropped."""
    control_kind: str = ""
    """What the file calls its controls."""
    is_record: bool = False
    reading: Reading = LETTERS
    """How answers were read; foreign sweeps read letters."""
    steered: Steered = PLAIN
    """What was done with the vectors; foreign sweeps add them."""
    kinds: Yardsticks = UNTOLD
    """Which controls are of which vector's site and norm; foreign files do not tell."""

    @property
    def baseline(self) -> pd.DataFrame:
        """Rows of the unsteered model."""
        return self.frame[self.frame["vector_set"] == BASELINE]

    @property
    def controls(self) -> int:
        """How many random controls there are."""
        rows = self.frame[self.frame["vector_set"] == CONTROL]
        return int(rows["vector"].nunique())

    @property
    def matched(self) -> pd.DataFrame:
        """Every vector with its yardstick and how many controls that has."""
        rows = yardsticks.labelled(
            self.frame[["vector_set", "vector"]].drop_duplicates(), self.kinds
        )
        is_control = rows["vector_set"] == CONTROL
        counts = rows[is_control].groupby(YARDSTICK).size()
        own = rows[~is_control & (rows["vector_set"] != BASELINE)]
        return own.assign(controls=own[YARDSTICK].map(counts).fillna(0).astype(int))

    @property
    def fewest_controls(self) -> int:
        """How many controls there are of the site and norm that has the fewest."""
        own = self.matched["controls"]
        return int(own.min()) if len(own) else self.controls

    @property
    def vectors(self) -> int:
        """How many vectors were measured, controls aside."""
        found = self.frame[~self.frame["vector_set"].isin([BASELINE, CONTROL])]
        return len(found[["vector_set", "vector"]].drop_duplicates())

    @property
    def scales(self) -> list[float]:
        """All scales but 0."""
        return sorted(float(s) for s in self.frame["scale"].unique() if s != 0)

    @property
    def scales_each(self) -> int:
        """At how many scales but 0 a vector was measured, at most; vectors may have their own."""
        steered = self.frame[self.frame["scale"] != 0]
        counts = steered.groupby(["vector_set", "vector"], observed=True)["scale"].nunique()
        return int(counts.max()) if len(counts) else 0


def of_foreign(found: ForeignResults) -> Sweep:
    """A foreign sweep: the unsteered model once, random kinds as controls."""
    frame = found.frame
    kind = frame["method"].str.casefold()
    is_base = kind.isin(UNSTEERED) | (frame["scale"] == 0)
    is_control = kind.str.startswith(CONTROLS) & ~is_base
    sums = frame["probability_a"] + frame["probability_b"]
    normalised = bool(sums.notna().any() and (sums.dropna() - 1).abs().max() < 1e-4)
    names = np.select([is_base, is_control], [BASELINE, CONTROL], default=frame["method"])
    rows = frame.assign(
        vector_set=names,
        method=names,
        vector=frame["vector"].where(~is_base, -1),
        scale=frame["scale"].where(~is_base, 0.0),
        relative=np.nan,
        answer_mass=np.nan if normalised else sums,
    )
    base, steered = rows[is_base], rows[~is_base]
    key = ["vector_set", "vector", "scale", *ASKED]
    groups = base.groupby(ASKED)[["logit_a", "logit_b"]]
    spread = (groups.max() - groups.min()).to_numpy(float)
    kept = pd.concat([base.drop_duplicates(ASKED), steered.drop_duplicates(key)])
    is_known = bool(sums.notna().any()) and not normalised
    told = {name: found.claims.get(f"{OWN}{name}") for name in ("reading", "likelihood", "ties")}
    reading = readings.of_config({name: one for name, one in told.items() if one})
    if told["ties"] == "against":
        kept = kept.assign(tie=0.0)
    if not reading.has_letters:
        kept = _by_answer(kept)
    return Sweep(
        frame=kept.reset_index(drop=True),
        behaviour=str(found.claims.get(f"{OWN}behaviour") or found.behaviour),
        claims=found.claims,
        mass="normalised" if normalised else "recorded" if is_known else "missing",
        zero_rows=len(base),
        zero_spread=float(np.nanmax(spread)) if np.isfinite(spread).any() else 0.0,
        repeated=len(steered) - len(steered.drop_duplicates(key)),
        control_kind=next(iter(frame.loc[is_control, "method"]), ""),
        reading=reading,
    )


def _by_answer(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of written answers by whether they show the behaviour: nobody was shown their letters.

    What they were scored by, log p per token or in total, stands where the record has log p.
    """
    at_a = frame["behaviour_letter"] == "A"
    first, second = frame["logit_a"], frame["logit_b"]
    scores = {"behaviour": first.where(at_a, second), "other": second.where(at_a, first)}
    named = {f"logp_{name}": score for name, score in scores.items()}
    return frame.assign(**named).drop(columns=["logit_a", "logit_b"])


def of_record(evaluation: Evaluation) -> Sweep:
    """One of our own evaluations."""
    frame = evaluation.frame.assign(
        dataset=evaluation.questions.name, claimed_difference=np.nan, claimed_choice=np.nan
    )
    text = {"vector_set", "method", "question", "order", "behaviour_letter"} & {*frame}
    numbers = {"scale", "relative", "answer_mass", "difference"} & {*frame}
    numbers |= {*readings.figures_of(frame.columns)}
    frame = frame.astype(dict.fromkeys(text, object) | dict.fromkeys(numbers, float))
    first = next(iter(evaluation.vector_names.values()), {})
    claims = record_claims(evaluation.config, evaluation.model, evaluation.provenance) | {
        "sites": [str(site) for site in first.get("sites", ())][:1] or "those of the controls",
        "dataset": evaluation.questions.name,
        "question file, SHA-256": evaluation.questions.sha256,
        "vectors": list(evaluation.vector_names),
        "tokens read": evaluation.model.get("template_hash"),
        "read by": readings.of_config(evaluation.config).difference,
    }
    is_base = frame["vector_set"] == BASELINE
    return Sweep(
        frame=frame,
        behaviour=evaluation.questions.behaviour,
        claims=claims,
        mass="recorded",
        zero_rows=int(is_base.sum()),
        zero_spread=0.0,
        repeated=0,
        questions=evaluation.questions,
        control_kind=CONTROL,
        is_record=True,
        reading=readings.of_config(evaluation.config),
        steered=steered.of_config(evaluation.config),
        kinds=yardsticks.of_run(evaluation),
    )


def rates(sweep: Sweep) -> pd.DataFrame:
    """Share of behaviour answers by method and scale, each method with the unsteered model at 0.

    Returns:
        Columns: `RATE_COLUMNS`. Shares are of single answers, as the studies count them.
    """
    frame = sweep.frame.dropna(subset=["difference"])
    kinds = [m for m in frame["method"].unique() if m != BASELINE] or [BASELINE]
    base = frame[frame["method"] == BASELINE]
    copies = [base.assign(method=kind, scale=0.0) for kind in kinds]
    steered = frame[frame["method"] != BASELINE]
    rows = pd.concat([*copies, steered], ignore_index=True)
    d = rows["difference"].astype(float)
    rows = rows.assign(
        claimed=rows["claimed_choice"].astype(float),
        rate=(d > 0).astype(float),
        with_ties=np.sign(d) / 2 + 0.5,
    )
    groups = rows.groupby(["method", "scale"], sort=True)
    table = groups[["claimed", "rate", "with_ties"]].mean().assign(rows=groups.size()).reset_index()
    return table[list(RATE_COLUMNS)]


def points(questions: pd.DataFrame) -> pd.DataFrame:
    """One value per vector, scale and question; the unsteered model is every vector's scale 0.

    Args:
        questions: Output of `statistics.per_question`.

    Returns:
        Columns: `POINT_COLUMNS`.
    """
    base = questions[questions["vector_set"] == BASELINE]
    steered = questions[questions["vector_set"] != BASELINE]
    kinds = steered[["vector_set", "method", "vector"]].drop_duplicates().itertuples(index=False)
    zeros = [base.assign(vector_set=v, method=m, vector=i, scale=0.0) for v, m, i in kinds]
    rows = pd.concat([*zeros, steered], ignore_index=True) if zeros else base
    at_zero = base.set_index("question")["content"]
    named = rows.assign(
        name=rows["method"].astype(str) + "_" + rows["vector"].astype(int).map("{:02d}".format),
        difference=rows["content"],
        change=rows["content"] - rows["question"].map(at_zero),
    )
    return named[list(POINT_COLUMNS)].dropna(subset=["difference"]).reset_index(drop=True)
