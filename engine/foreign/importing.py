"""A record file from elsewhere, checked and taken into the store.

Nothing in a file is executed. What can be recomputed from the file itself (lengths, differences,
ids of questions, the grid of rows) must agree with what its record says.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from engine.configs import core as configs
from engine.configs import registry, studies
from engine.configs.adaptive import AdaptiveConfig, config_of
from engine.configs.budgets import equal_cost
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.values import built
from engine.errors import ConfigError, DataError, EngineError, StoreError
from engine.foreign import adopting
from engine.questions.rows import UnusableRow, question_id, split
from engine.records import readings
from engine.records.grids import Generation
from engine.records.records import Evaluation, Provenance, Question, VectorSet
from engine.statistics import adaptive, yardsticks
from engine.statistics.budgets import equal_cost_record
from engine.statistics.cells import BASELINE, CONTROL
from engine.store.files import UNREADABLE
from engine.store.headers import HEADERS, read_record
from engine.store.store import Store

MOST_BYTES = 256 * 2**20
"""Of a file."""
MOST_JSON = 32 * 2**20
"""Of a study, which takes ten times its size in memory."""
MOST_ROWS = 2 * 10**7
"""Of a table: a few bytes of parquet can stand for very many rows."""
DIGEST = re.compile(r"[0-9a-f]{12}")
CLOSE = 1e-3


def import_file(store: Store, content: bytes, name: str) -> str:
    """Check a record file and keep it under its own digest.

    A record that is stored already is left as it is: importing the same file twice is no error.

    Args:
        store: Takes the record.
        content: The whole file.
        name: What it was called; only its ending counts.

    Returns:
        The record's digest.

    Raises:
        DataError: If it is no record of ours, too large, damaged, or contradicts itself.
        StoreError: If another record is stored under its digest, or the disk refuses.
    """
    shown = PurePath(name.replace("\\", "/")).name or "The file"
    _check_size(shown, content)
    with tempfile.TemporaryDirectory(prefix="vectorscope-import-") as folder:
        path = Path(folder) / f"record{PurePath(shown).suffix.lower()}"
        path.write_bytes(content)
        record = _checked(store, path, shown)
    digest = str(record["digest"])
    if not store.has(digest):
        store.add(record, PurePath(shown).suffix.lower(), content)
    elif Path(store.find(digest).path).read_bytes() != content:
        raise StoreError(
            f"{shown} has the digest {digest}, but the record stored under it is another file: "
            "the stored one was left as it is; delete it first if this one is right."
        )
    return digest


def _check_size(name: str, content: bytes) -> None:
    suffix = PurePath(name).suffix.lower()
    if suffix not in HEADERS:
        raise DataError(
            f"{name} is not a Vectorscope record, which ends in {', '.join(HEADERS)}: open it "
            "in Library under Audit, or with `python -m engine audit FILE`."
        )
    most = MOST_JSON if suffix == ".json" else MOST_BYTES
    if len(content) > most:
        raise DataError(
            f"{name} has {len(content) / 2**20:.0f} MB, but records of this kind have at most "
            f"{most // 2**20} MB: choose a file that Vectorscope wrote."
        )


def _checked(store: Store, path: Path, name: str) -> dict[str, Any]:
    """The record of a file that is whole and agrees with itself."""
    try:
        record = read_record(path)
        _check_header(record)
        KINDS[record["kind"]](store, path, record)
        return record
    except StoreError as error:
        reason = str(error).replace(path.name, name)
        if "holds no Vectorscope record" in reason:
            raise DataError(
                f"{name} is not a record of ours: open it in Library under Audit, or with "
                "`python -m engine audit FILE`."
            ) from error
        raise DataError(reason) from error
    except EngineError as error:
        raise DataError(f"{name} cannot be imported: {error}") from error
    except UNREADABLE as error:
        reason = (str(error).splitlines() or [""])[0][:120]
        raise DataError(
            f"{name} is damaged or incomplete ({type(error).__name__}: {reason}): export it again."
        ) from error


def _agree(holds: bool, sentence: str) -> None:
    """Refuse a file that contradicts its own record."""
    if not holds:
        raise ConfigError(f"{sentence}. It was changed after it was written: ask for the original.")


def _check_header(record: dict[str, Any]) -> None:
    """What every record has, and pages show, whatever its kind."""
    digest = record["digest"]
    if not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
        raise ConfigError("its digest is not twelve hex digits.")
    if record.get("unfinished"):
        # Under its name the whole one could never be stored.
        raise ConfigError("it holds a part of a sweep: let the sweep end, and import the whole.")
    made, model = record["provenance"], record["model"]
    datetime.fromisoformat(made["created"])
    known = isinstance(model["short_name"], str) and model["short_name"].strip()
    if not known or not isinstance(made["seconds"], int | float):
        raise ConfigError("its record names no model, or no duration.")
    notes = record.get("notes", [])
    if not (isinstance(notes, list) and all(isinstance(note, str) for note in notes)):
        raise ConfigError("its notes are not sentences.")


def _check_vectors(store: Store, path: Path, record: dict[str, Any]) -> None:
    found: VectorSet = store.load_vectors(path)
    if found.method == adopting.METHOD:
        _check_adopted(found)
    else:
        registry.from_json(found.method, found.config)
    lengths = np.linalg.norm(found.vectors, axis=1)
    _agree(
        np.allclose(lengths, record["norms"], rtol=CLOSE),
        "its vectors do not have the lengths that its record says",
    )
    width = found.model.get("hidden", found.vectors.shape[1])
    _agree(
        width == found.vectors.shape[1],
        f"its vectors have width {found.vectors.shape[1]}, but its model has {width}",
    )
    uneven = [name for name, values in found.scores.items() if len(values) != len(lengths)]
    _agree(not uneven, f"its scores {', '.join(uneven)} are not one per vector")


def _check_adopted(found: VectorSet) -> None:
    """A set from another tool's file has no settings of a run, but what was read there."""
    built(configs.ModelConfig, found.config["model"])
    names, operation = found.config.get("names"), found.config.get("operation", "not stated")
    _agree(
        names is None or (isinstance(names, list) and len(names) == len(found.vectors)),
        "its names are not one per vector",
    )
    _agree(operation in adopting.OPERATIONS, "it is for an operation that is not known")


def _check_rows(path: Path) -> None:
    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MOST_ROWS:
            raise ConfigError(
                f"it declares {file.metadata.num_rows:,} rows, but at most {MOST_ROWS:,} are read."
            )


def _is_its_own(question: Question) -> bool:
    """Whether a text that was asked as it stood in its file is that of the question."""
    if question.verbatim is None:
        return True
    try:
        return split(question.verbatim) == (question.stem, question.options)
    except UnusableRow:
        return False


def _check_evaluation(store: Store, path: Path, record: dict[str, Any]) -> None:  # noqa: ARG001
    _check_rows(path)
    found: Evaluation = store.load_evaluation(path)
    config, frame = registry.from_json("ab", found.config), found.frame
    asked = {question.id: question for question in found.questions.questions}
    _agree(
        all(
            question_id(q.stem, q.options, q.system) == name and _is_its_own(q)
            for name, q in asked.items()
        ),
        "a question's text is not the one that was asked",
    )
    _check_names(found)
    _check_controls(found)
    _agree(
        set(frame["scale"]) <= {*config.scales, 0.0}, "it has rows at scales that were not asked"
    )
    keys = ["vector_set", "vector", "scale", "question", "order"]
    _agree(not frame.duplicated(keys).any(), "it has a row twice")
    _agree(set(frame["question"]) <= set(asked), "it has rows of questions that were not asked")
    if readings.is_likelihood(frame.columns):
        _agree(config.is_likelihood, "it read written answers, but was asked for letters")
        _check_likelihoods(frame, config.likelihood)
    else:
        _agree(not config.is_likelihood, "it read letters, but was asked for written answers")
        _check_letters(frame, asked)


def _check_likelihoods(frame: pd.DataFrame, figure: str) -> None:
    """Every difference is that of the two log p, and every row stands once a question."""
    _agree(bool((frame["order"] == "given").all()), "written answers have one order")
    counts = frame[["tokens_behaviour", "tokens_other"]].to_numpy(float)
    totals = frame[["logp_behaviour", "logp_other"]].to_numpy(float)
    figures = totals / counts if figure == "per-token" else totals
    gap = figures[:, 0] - figures[:, 1]
    same = np.isclose(gap, frame["difference"].to_numpy(float), atol=CLOSE, equal_nan=True)
    _agree(bool(same.all()), "a row's difference is not that of its two log p")


def _check_letters(frame: pd.DataFrame, asked: Mapping[str, Question]) -> None:
    """Every letter is its question's, and every difference that of the two logits."""
    letters = {(q.id, o): q.letter(o == "swapped") for q in asked.values() for o in ORDERS}
    pairs = zip(frame["question"], frame["order"], strict=True)
    expected = np.array([letters.get(pair) for pair in pairs], dtype=object)
    _agree(
        bool((frame["behaviour_letter"].to_numpy(object) == expected).all()),
        "a row counts the other letter than its question does",
    )
    gap = (frame["logit_a"] - frame["logit_b"]).to_numpy(float)
    signed = np.where(expected == "A", gap, -gap)
    same = np.isclose(signed, frame["difference"].to_numpy(float), atol=CLOSE, equal_nan=True)
    _agree(bool(same.all()), "a row's difference is not that of its two logits")


def _check_names(found: Evaluation) -> None:
    """Every measured vector has a name."""
    rows = found.frame[~found.frame["vector_set"].isin([BASELINE, CONTROL])]
    for digest, indices in rows.groupby("vector_set")["vector"]:
        names = found.vector_names.get(str(digest), {}).get("names", [])
        _agree(
            bool(indices.min() >= 0 and indices.max() < len(names)),
            "it has rows of vectors that its record does not name",
        )
    if not all(isinstance(n, str) for one in found.vector_names.values() for n in one["names"]):
        raise ConfigError("the names of its vectors are not words.")


def _check_controls(found: Evaluation) -> None:
    """Every control is told with its site and norm, where the record tells them at all."""
    known = yardsticks.of_run(found).numbers
    rows = found.frame.loc[found.frame["vector_set"] == CONTROL, "vector"].unique()
    _agree(
        not known or all((CONTROL, int(index)) in known for index in rows),
        "it has random controls whose site and norm its record does not tell",
    )


def _check_generation(store: Store, path: Path, record: dict[str, Any]) -> None:  # noqa: ARG001
    _check_rows(path)
    found: Generation = store.load_generation(path)
    config = registry.from_json("generation", found.config)
    names = [one.name for one in config.configurations]
    count = len(config.prompts) * len(names) * config.samples
    rows = found.frame[["prompt", "configuration", "sample"]]
    _agree(
        len(rows) == count
        and not rows.duplicated().any()
        and set(rows["prompt"]) == set(config.prompts)
        and set(rows["configuration"]) == set(names)
        and set(rows["sample"]) == set(range(config.samples)),
        f"it should hold {count} texts, one per prompt, configuration and sample",
    )


def _check_conversation(store: Store, path: Path, record: dict[str, Any]) -> None:  # noqa: ARG001
    found = store.load_conversation(path)
    _agree(bool(found.exchanges), "a conversation should hold at least one turn")
    built(configs.ModelConfig, found.config["model"])


def _check_experiment(store: Store, path: Path, record: dict[str, Any]) -> None:  # noqa: ARG001
    name, config = record["name"], record["config"]
    if name in studies.STUDIES:
        registry.from_json(name, config)
    else:
        _agree(
            configs.is_name(record["digest"], {"method": name, **config, **_contents(record)}),
            f"the study {str(name)[:40]!r} is not known, or its digest is not that of its settings",
        )
    Provenance(**record["provenance"])
    if name == AdaptiveConfig.method:
        adaptive.check(record)
        config_of(record)
    elif name == EqualCostConfig.method:
        equal_cost_record.check(record)
        equal_cost.config_of(record)
    tables = record["tables"] if isinstance(record["tables"], list) else [record["tables"]]
    needed = TABLES.get(name, set())
    if not all(isinstance(table, dict) and needed <= set(table) for table in tables):
        raise ConfigError(f"its tables should hold {', '.join(sorted(needed)) or 'rows'}.")


def _contents(record: dict[str, Any]) -> dict[str, Any]:
    """The vectors that a study's name covers by their content, where it does."""
    return {"contents": record["vector_contents"]} if "vector_contents" in record else {}


ORDERS = ("given", "swapped")
TABLES = {
    "corrigibility": {"questions", "behaviour", "asked", "by_method", "band", "best"},
    "deception": {"arms", "sweep", "similarity"},
    "sentiment": {"choice", "likelihood", "texts", "fluency"},
    "operators": {"operators"},
    "screening": {"arms", "race"},
    "suggest": {"cells", "controls"},
    "blend": {"cells", "curve"},
    "equal-cost": {"cells", "controls", "best"},
    "probe": {"rows", "random"},
    "examples": {"vectors", "texts"},
}
"""What pages read of a study, by its name."""
KINDS: dict[str, Callable[[Store, Path, dict[str, Any]], None]] = {
    "vectors": _check_vectors,
    "evaluation": _check_evaluation,
    "generation": _check_generation,
    "conversation": _check_conversation,
    "experiment": _check_experiment,
}
