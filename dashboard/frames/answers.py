"""One question's answers through the scales of a sweep. Knows nothing of Streamlit and charts."""

import pandas as pd

from dashboard.frames.sweep import Sweep, key_of


def of_question(sweep: Sweep, name: str, question: str) -> pd.DataFrame:
    """What one question's answers got at every scale and order, for one vector."""
    frame = sweep.rows(key_of(sweep, name))
    kept = frame[frame["question"] == question]
    if not sweep.reading.has_letters:
        own = ["logp_behaviour", "tokens_behaviour", "logp_other", "tokens_other", "difference"]
        rows = kept.sort_values("scale")[["scale", *own]]
        return rows.assign(shows=rows["difference"] > 0)
    columns = ["scale", "order", "logit_a", "logit_b", "behaviour_letter", "difference"]
    rows = kept.sort_values(["scale", "order"])[columns]
    answer = (rows["logit_a"] > rows["logit_b"]).map({True: "A", False: "B"})
    return rows.assign(answer=answer, shows=answer == rows["behaviour_letter"].astype(str))


def flips(rows: pd.DataFrame) -> list[float]:
    """Scales at which the answer differs from that at scale 0, both orders averaged."""
    mean = rows.groupby("scale")["difference"].mean()
    if 0.0 not in mean.index:
        return []
    return [float(s) for s, value in mean.items() if (value > 0) != (mean.loc[0.0] > 0)]
