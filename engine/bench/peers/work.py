"""What peers and this engine are both asked to do: pairs, texts and questions on one model.

Every peer is given the same tokens, vectors and weights, in a folder of plain files. Knows nothing
of clocks and of how a peer is started.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.bench.jobs.sweep import rows_of
from engine.bench.peers.scripts.asked import FILE, MODEL
from engine.bench.setting import Setting
from engine.configs.core import STUDY_SYSTEM
from engine.configs.pairs import ContrastiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab
from engine.evaluators.cells import end_tokens
from engine.evaluators.rows import SweepRow
from engine.finders.texts import Reader, Text, contrast_texts
from engine.questions.files import load_prompts
from engine.questions.pairs import load_pairs

PAIRS = "data/questions/survival.jsonl"
PROMPTS = "data/prompts/neutral.txt"
Texts = list[list[list[int]]]
"""Tokens of what was written, by configuration and prompt."""
GRID_PROMPTS = (1, 4)
"""Of two grids: each configuration writes one text, or four."""


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How much of each job is asked."""

    pairs: int = 200
    configurations: int = 24
    new_tokens: int = 32
    vectors: int = 8
    """Of the sweep, each at `scales`, beside the baseline."""
    scales: tuple[float, ...] = (-0.5, 0.25, 0.5)
    """In residual norms."""
    questions: int = 8
    """Each in both orders."""


FULL = Amounts()
QUICK = Amounts(pairs=24, configurations=6, new_tokens=12, vectors=2, questions=2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """All three jobs on one model."""

    setting: Setting
    amounts: Amounts
    config: ContrastiveConfig
    """Of the extraction: A/B questions, read at the letter."""
    texts: list[tuple[Text, Text]]
    prompts: list[list[int]]
    grid_rows: list[SweepRow]
    sweep_rows: list[SweepRow]
    sweep: ab.Sweep


def prepare(setting: Setting, amounts: Amounts) -> Work:
    """Render what is asked.

    Raises:
        DataError: If the questions are not at hand or do not suit this model.
    """
    door, prompter = setting.door, setting.prompter
    config = ContrastiveConfig(
        model=door.loaded.config,
        pairs=PAIRS,
        position="letter",
        max_rows=amounts.pairs,
        seed=setting.seed,
    )
    reader = Reader(prompter, config)
    pairs = load_pairs(config.pairs, max_rows=config.max_rows, seed=config.seed)
    names = load_prompts(PROMPTS)[: max(GRID_PROMPTS)]
    asked = EvaluateConfig(model=door.loaded.config, orders="both", controls=1)
    questions = setting.questions(amounts.questions)
    count = -(-amounts.configurations // len(amounts.scales))
    return Work(
        setting=setting,
        amounts=amounts,
        config=config,
        texts=[contrast_texts(reader, config, pair) for pair in pairs.pairs],
        prompts=[prompter.tokens(p, STUDY_SYSTEM, more=amounts.new_tokens) for p in names],
        grid_rows=rows_of(setting, count, amounts.scales)[1 : amounts.configurations + 1],
        sweep_rows=rows_of(setting, amounts.vectors, amounts.scales),
        sweep=ab.prepare(door, questions, asked, setting.source),
    )


def write(work: Work, folder: Path) -> None:
    """Put the work and the model where a peer's process finds them."""
    tokenizer, sweep = work.setting.prompter.tokenizer, work.sweep
    deltas = {"grid_deltas": work.grid_rows, "sweep_deltas": work.sweep_rows}
    for name, rows in deltas.items():
        np.save(folder / f"{name}.npy", torch.stack([row.delta for row in rows]).numpy())
    plain = {
        "arrays": list(deltas),
        "block": work.setting.source,
        "pairs": [[tokenizer.decode(text.tokens) for text in pair] for pair in work.texts],
        "pair_tokens": [[list(text.tokens) for text in pair] for pair in work.texts],
        "prompts": work.prompts,
        "new_tokens": work.amounts.new_tokens,
        "ends": sorted(end_tokens(work.setting.door)),
        "questions": asked_questions(sweep),
        "letters": [sweep.answers.a, sweep.answers.b],
    }
    (folder / FILE).write_text(json.dumps(plain), encoding="utf-8")
    _write_model(work.setting, folder / MODEL)


def asked_questions(sweep: ab.Sweep) -> list[list[int]]:
    """Every question in both orders, one after the other."""
    return [tokens for orders in sweep.tokens for tokens in orders]


def _write_model(setting: Setting, folder: Path) -> None:
    setting.causal.save_pretrained(folder)
    path = folder / "config.json"
    config = older(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(config), encoding="utf-8")
    tokenizer = setting.prompter.tokenizer
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    names = ("bos_token", "eos_token", "unk_token", "pad_token")
    special = {name: getattr(tokenizer, name) for name in names if getattr(tokenizer, name)}
    special.setdefault("pad_token", special.get("eos_token"))
    (folder / "special_tokens.json").write_text(json.dumps(special), encoding="utf-8")


def older(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration as versions 4 of the library read it, too.

    They know no `rope_parameters` and would take a base of 10,000 whatever stands there.
    """
    rope = dict(config.get("rope_parameters") or {})
    found = dict(config)
    if "rope_theta" in rope:
        found["rope_theta"] = rope.pop("rope_theta")
        kind = rope.get("rope_type", "default")
        found["rope_scaling"] = None if kind == "default" else rope
    found.pop("quantization_config", None)
    return found
