"""What a generation grid gave: texts row by row, and what each configuration does beside.

Knows nothing of models or of where records lie.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from engine.records.columns import Column, Columns
from engine.records.records import Provenance

GENERATION_COLUMNS: Columns = (
    Column("prompt", "text of the prompt"),
    Column("configuration", "name of the configuration"),
    Column("sample", "0, 1, ..."),
    Column("text", "what the model wrote, without special tokens"),
    Column("tokens", "generated tokens, without the one that ends the text"),
    Column("finished", "whether the model ended the text itself"),
    Column("label", "what the judge says that it shows; empty where nobody judged"),
    Column("judge_score", "of the judge, towards its second pole", "2026-11-29", math.nan),
    Column("repetition", "share of 3-grams of tokens that stood before in the text"),
    Column("unique_tokens", "different tokens / tokens"),
    Column("mean_logprob", "mean log-probability per token under the unsteered base model"),
    Column("adapter", "whether a fine-tuned model wrote it"),
    Column("scale", "scale of the configuration; 0 for a baseline"),
)
"""Columns of a generation's frame, one row per (prompt, configuration, sample)."""

LIVE = "live"
"""Name of the partial unit that holds the texts in flight."""
LIVE_COLUMNS = ("prompt", "configuration", "sample", "text", "finished")


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One grid of texts."""

    digest: str
    frame: pd.DataFrame
    """Columns: `GENERATION_COLUMNS`; prompts, then configurations, then samples."""
    config: dict[str, Any]
    model: dict[str, Any]
    side_effects: dict[str, dict[str, float]] = field(default_factory=dict)
    """By configuration: kl, neutral_perplexity (see `evaluators.side_effects`), relative (mean
    norm of the change / median residual norm, the largest over sites)."""
    vector_names: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By vector set digest: method, names, sites in words, norms."""
    judge: dict[str, Any] = field(default_factory=dict)
    """Who labelled: name, title, and of a judge that reads with a model its rubric and model."""
    provenance: Provenance
    notes: tuple[str, ...] = ()


@runtime_checkable
class Frames(Protocol):
    """Where finished units of a grid lie until it is whole."""

    def units(self) -> set[str]:
        """Names of the units that can be loaded."""

    def load_unit(self, name: str) -> pd.DataFrame | None:
        """A unit, or None."""

    def save_unit(self, name: str, frame: pd.DataFrame) -> object:
        """Keep a unit."""


def partial_texts(units: Frames) -> pd.DataFrame:
    """All texts so far of a grid that runs or was stopped; columns `LIVE_COLUMNS`.

    Finished texts and texts in flight, one row per (prompt, configuration, sample).
    """
    found = units.load_unit(LIVE)
    return pd.DataFrame(columns=list(LIVE_COLUMNS)) if found is None else found[list(LIVE_COLUMNS)]
