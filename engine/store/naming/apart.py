"""What is added to names that read alike: the settings in which their records differ.

Knows nothing of screens.
"""

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from engine.configs import registry
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store.headers import read_record
from engine.store.naming import defaults

FIRST = (
    *("contrast", "fine_tuned", "estimator", "variant", "reading", "operation", "layers"),
    *("position", "behaviour", "max_rows", "max_questions", "max_pairs", "vectors", "scales"),
    *("scale_unit", "controls", "steps", "iterations", "tokens", "norm", "side_effects"),
)
"""Settings that are told first where several differ; the others in their order."""
USUAL = (("shuffles", 0),)
"""Values that are not told."""
AFTER = "~"
LABELS = {
    "max_rows": "~rows at most",
    "max_questions": "~questions",
    "max_pairs": "~pairs at most",
    "controls": "~controls",
    "steps": "~steps",
    "iterations": "~iterations",
    "variant": "~variant",
    "max_new_tokens": "~tokens",
    "samples": "~samples",
    "source_layer": "from block",
    "target_layer": "to block",
    "scale_unit": "",
    "reading": "read by",
    "fine_tuned": "with adapter",
    "positive_system": "positive",
    "negative_system": "negative",
    "model.date": "day",
    "model.dtype": "",
    "model.adapter": "adapter",
    "prompts.system": "system",
}
"""Words before a value, or behind it after `AFTER`; nothing where the value says it."""
OUTSIDE = ("model.device", "model.model", "contents", "grid")
"""Settings that change nothing of what is found, are told anyway, or are hashes."""
Settings = dict[str, Any]
_settings: dict[RecordInfo, Settings] = {}


def told(alike: Sequence[RecordInfo]) -> list[tuple[str, ...]]:
    """What is added to each of several names that are the same: settings first, times last.

    Args:
        alike: Records of one kind and model.
    """
    every = [settings(info) for info in alike]
    keys = [key for key in _ordered(every) if len({_hashable(one.get(key)) for one in every}) > 1]
    added: list[tuple[str, ...]] = [() for _ in alike]
    for key in keys:
        words = [_words(key, one.get(key)) for one in every]
        now = [(*one, word) for one, word in zip(added, words, strict=True)]
        # Only what tells more of them apart is told.
        if len(set(now)) > len(set(added)):
            added = now
        if len(set(added)) == len(added):
            break
    for last in (_when, _digest):
        added = [
            (*one, last(info, alike)) if added.count(one) > 1 else one
            for one, info in zip(added, alike, strict=True)
        ]
    return [tuple(part for part in one if part) for one in added]


def settings(info: RecordInfo) -> Settings:
    """All settings of a record by their place in its config, those it lacks as they were then."""
    if info not in _settings:
        try:
            record = read_record(Path(info.path))
        except StoreError:
            return {}
        config = record.get("config")
        found = dict(_flat(config)) if isinstance(config, Mapping) else {}
        _settings[info] = _usual(info) | found
    return _settings[info]


def _usual(info: RecordInfo) -> Settings:
    """What settings are where an older record does not have them."""
    run = registry.find_run(info.method)
    if run is None:
        return {}
    fields = dataclasses.fields(run.config)
    plain = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
    return dict(_flat(plain))


def _flat(values: Mapping[str, Any], place: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        name = f"{place}{key}"
        if name in OUTSIDE:
            continue
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        else:
            found.append((name, value))
    return found


def _ordered(every: Sequence[Settings]) -> list[str]:
    keys = list(dict.fromkeys(key for one in every for key in one))
    return sorted(keys, key=lambda key: FIRST.index(key) if key in FIRST else len(FIRST))


def _hashable(value: Any) -> Hashable:
    if isinstance(value, list | tuple):
        return tuple(_hashable(one) for one in value)
    return repr(value) if isinstance(value, Mapping) else value


def _words(key: str, value: Any) -> str:
    """A setting as a name tells it: "seed 1", "study variant"; nothing for what is usual."""
    name = key.rpartition(".")[2]
    if value is None or value is False or value == "default" or (key, value) in USUAL:
        return ""
    if key == "layers":
        return "all blocks" if value == "all" else f"blocks {_value(value)}"
    if key == "vectors":
        return f"{value} vectors" if isinstance(value, int) else _chosen(value)
    if key == "contrast":
        return defaults.CONTRASTS.get(value, str(value))
    label = LABELS.get(key, LABELS.get(name, name.replace("_", " ")))
    if value is True:
        return label
    if label.startswith(AFTER):
        return f"{_value(value)} {label.removeprefix(AFTER)}"
    return f"{label} {_value(value)}".strip()


def _chosen(refs: Any) -> str:
    """Which vectors of its sets a record is of; nothing where it is of all."""
    try:
        every = [index for ref in refs for index in ref["indices"] or ()]
    except (TypeError, KeyError):
        return ""
    noun = "vector" if len(every) == 1 else "vectors"
    return f"{noun} {_value(every)}" if every else ""


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, str) for one in value):
            return defaults.texts_part(value)
        if any(isinstance(one, Mapping | list | tuple) for one in value):
            return str(len(value))
        shown = [_value(one) for one in value]
        return ", ".join(shown if len(shown) < 8 else [*shown[:3], "\u2026", *shown[-2:]])
    text = str(value)
    if "/" in text and " " not in text:
        return PurePath(text).stem
    return defaults.quoted(text) if " " in text or len(text) > 24 else text


def _when(info: RecordInfo, _alike: Sequence[RecordInfo]) -> str:
    return info.created[:16].replace("T", " ")


def _digest(info: RecordInfo, alike: Sequence[RecordInfo]) -> str:
    """As much of a digest as no other one begins with."""
    others = {one.digest for one in alike} - {info.digest}
    lengths = range(4, len(info.digest))
    starts = (info.digest[:length] for length in lengths)
    alone = (start for start in starts if not any(one.startswith(start) for one in others))
    return next(alone, info.digest)
