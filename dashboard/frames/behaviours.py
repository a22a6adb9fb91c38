"""The tables of a behaviour's study as readers see them. Knows nothing of pages and charts."""

from typing import Any

import pandas as pd

from dashboard.frames.studies import smallest_p
from dashboard.words import captions

SIGNS = {"+": "+{scale:g}", "-": "\u2212{scale:g}", "swing": "apart"}


def texts(record: dict[str, Any]) -> pd.DataFrame:
    """What each judge says of the texts at every scale."""
    positive = record["config"]["positive"]
    return pd.DataFrame(
        [
            {
                "judge": row["judge"],
                "scale": "difference" if row["at"] == "swing" else captions.scale(row["scale"]),
                positive: row["share"],
                "95 %": captions.span(row["low"], row["high"]),
                "random": captions.span(row["random_low"], row["random_high"]),
                "p": row["p"],
                "smallest p": smallest_p(row.get("controls")),
                "judged": f"{row['judged']} of {row['texts']}",
            }
            for row in record["tables"]["texts"]
        ]
    )


def likelihood(record: dict[str, Any]) -> pd.DataFrame:
    """What the chosen cell does to the likelihood of both poles' answers."""
    return pd.DataFrame(
        [
            {
                "scale": SIGNS[row["at"]].format(scale=abs(row["scale"])),
                "change": captions.number(row["change"]),
                "95 %": captions.span(row["change_low"], row["change_high"], captions.number),
                "random": captions.span(row["random_low"], row["random_high"], captions.number),
                "p": row["p"],
                "smallest p": smallest_p(row.get("controls")),
                "likelier": row.get("rate"),
                "n": row.get("n"),
            }
            for row in record["tables"]["likelihood"]
        ]
    )


def fluency(record: dict[str, Any]) -> pd.DataFrame:
    """Whether texts hold together at every scale, and what steering costs."""
    return pd.DataFrame(
        [
            {
                "scale": captions.scale(row["scale"]),
                "broken": row["broken"],
                "95 %": captions.span(row["broken_low"], row["broken_high"]),
                "random": row["random_broken"],
                "log-prob": row["mean_logprob"],
                "KL": row["kl"],
                "worst random KL": row["random_kl"],
                "perplexity": row["neutral_perplexity"],
            }
            for row in record["tables"]["fluency"]
        ]
    )


def told_of_likelihood(record: dict[str, Any]) -> str:
    """What the figures of `likelihood` are."""
    rows = record["tables"]["likelihood"]
    positive, negative = (record["config"][pole] for pole in ("positive", "negative"))
    base = next((row["base_rate"] for row in rows if row.get("base_rate") is not None), None)
    no_p = " p needs 20 random vectors." if all(row["p"] is None for row in rows) else ""
    return (
        f"Change of log p({positive}) \u2212 log p({negative}), nats a token, with a bootstrap "
        f"over pairs. Likelier: pairs whose {positive} answer is likelier; unsteered "
        f"{captions.figure(base)}.{no_p}"
    )


def told_of_fluency(record: dict[str, Any]) -> str:
    """What the figures of `fluency` are."""
    config = record["config"]
    return (
        f"Broken: over {captions.figure(config['most_repetition'])} repeated 3-grams, or a mean "
        f"log p below {captions.figure(config['least_logprob'], '{:g}')} under the unsteered "
        "model. KL and perplexity are on neutral prompts."
    )


def told_of_choice(record: dict[str, Any]) -> str:
    """What the figures of the choice are."""
    return (
        "How much further apart both poles' answers are at plus a scale than at minus it, in nats "
        "a token. A cross: a pole's own answers lose more than "
        f"{record['config']['most_loss']:g} nats a token there, so the cell was not chosen."
    )
