"""The parts of a record's name, from what its header says, before those alike are told apart.

A part that begins with `REF` stands for another thing, by its subject, and is replaced by what that
is called. Knows nothing of files; whatever a record holds, it has a name.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from engine.configs import registry
from engine.records import steered
from engine.records.records import About, measured

REF = "@"
LONGEST, ALONE = 28, 44
"""Signs of a text of which a name shows the beginning: beside other parts, and by itself."""
CONTRASTS = {
    "answers": "answers",
    "system": "system prompts",
    "both": "answers and system prompts",
    "none": "mean of both poles",
}
"""What differs between the poles, by the word of the setting."""
Record = Mapping[str, Any]


def about(record: Record) -> About:
    """What a name needs to know of a record; empty where it is too odd to say."""
    try:
        kind = record["kind"]
        parts = [one for one in _PARTS[kind](record) if one]
        return About(
            parts=tuple(parts),
            inside=_inside(record) if kind == "vectors" else (),
            members=_members(record) if kind == "experiment" else (),
            helpers=_helpers(record) if kind == "experiment" else (),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return About()


def quoted(text: str, most: int = LONGEST) -> str:
    """The beginning of a text, in quotation marks."""
    line = " ".join(str(text).split())
    return f"\u201c{line if len(line) <= most else line[: most - 1].rstrip() + chr(0x2026)}\u201d"


def file_part(place: str) -> str:
    """A file as a name tells it: one's own data by what it is called, another by its stem."""
    path = PurePath(str(place))
    # One's own data lie at data/own/KIND/SHA12.jsonl.
    if path.parts[-4:-2] == ("data", "own") or path.parts[:2] == ("data", "own"):
        return f"{REF}data:{path.stem}"
    return path.stem


def adapter_part(named: str | None) -> str:
    """An adapter as a config names it: name=folder, folder, hub id or preset."""
    if not named:
        return ""
    name, sign, place = str(named).partition("=")
    own = name if sign and "/" not in name else PurePath(place if sign else name).name
    return f"adapter {own}"


def texts_part(texts: Sequence[str], most: int = LONGEST) -> str:
    """Prompts by the first one and how many more there are."""
    if not texts:
        return ""
    more = f" (+{len(texts) - 1})" if len(texts) > 1 else ""
    return f"{quoted(texts[0], most)}{more}"


def _vectors(record: Record) -> list[str]:
    config = record.get("config") or {}
    method = str(record["method"])
    if method == "imported":
        return [str(config["file"])]
    title = registry.titled(method) or method.replace("-", " ").capitalize()
    parts = [title.removesuffix(" control")]
    if "contrast" in config:
        parts += [CONTRASTS.get(config["contrast"], str(config["contrast"]))]
    for key in ("pairs", "prompts"):
        if isinstance(config.get(key), str):
            parts.append(file_part(config[key]))
    if "position" in config:
        parts.append(str(config["position"]))
    if config.get("fine_tuned") or method == "finetune-diff":
        parts.append(adapter_part((config.get("model") or {}).get("adapter")))
    asked = config.get("prompts")
    if isinstance(asked, Mapping):
        parts.append(texts_part(asked["prompts"]))
    if "source_layer" in config:
        ends = [config["source_layer"], config.get("target_layer")]
        parts.append("block " + " to ".join(str(end) for end in ends if end is not None))
    return parts


def _evaluation(record: Record) -> list[str]:
    config = record.get("config") or {}
    sets = record["vector_names"]
    vectors = measured(config, sets)
    name = file_part(str(record["questions"].get("path") or record["questions"]["name"]))
    parts = [name if name.startswith(REF) else str(record["questions"]["name"])]
    if len(vectors) == 1:
        parts.append(f"{REF}{vectors[0][0]}:{vectors[0][1]}")
    elif len({digest for digest, _ in vectors}) == 1:
        parts.append(f"{REF}{vectors[0][0]}")
    elif vectors:
        methods = dict.fromkeys(str(sets[digest]["method"]) for digest, _ in vectors)
        parts.append(
            ", ".join((registry.titled(one) or one).removesuffix(" control") for one in methods)
        )
    return [*parts, steered.of_config(config).short]


def _generation(record: Record) -> list[str]:
    return [texts_part(record["config"]["prompts"], ALONE)]


def _conversation(record: Record) -> list[str]:
    turns = [exchange["turn"] for exchange in record["exchanges"]]
    return [quoted(turns[0]["said"], ALONE) if turns else "Empty conversation"]


def _experiment(record: Record) -> list[str]:
    config = record.get("config") or {}
    name = str(record["name"])
    title = registry.titled(name) or name.replace("-", " ").capitalize()
    if name == "evidence":
        return ["Evidence", f"{REF}{record['vectors'][0]}"]
    asked = record.get("asked") or config
    parts = [title]
    if isinstance(asked.get("pairs"), str) and "/" in asked["pairs"]:
        parts.append(file_part(asked["pairs"]))
    elif isinstance(config.get("questions"), list):
        parts.append(", ".join(PurePath(str(file)).stem for file, _ in config["questions"]))
    elif isinstance(said := _data(record), str):
        parts.append(said)
    if "contrast" in config:
        parts.append(CONTRASTS.get(config["contrast"], str(config["contrast"])))
    if "position" in config:
        parts.append(str(config["position"]))
    if record["name"] in STUDIES:
        parts.append(adapter_part((config.get("model") or {}).get("adapter")))
        if isinstance(config.get("controls"), int):
            parts.append(f"{config['controls']} controls")
    else:
        first, *more = record.get("vectors") or [""]
        parts += [f"{REF}{first}" if first else "", f"and {len(more)} more" if more else ""]
    return parts


STUDIES = ("corrigibility", "deception", "sentiment", "operators")
"""Experiments that find their own vectors, or compare what is done with them."""


def _data(record: Record) -> str | None:
    """Name of the data of a reading, where its record keeps it."""
    for key in ("pairs", "corpus", "questions"):
        if isinstance(record.get(key), Mapping) and record[key].get("name"):
            return str(record[key]["name"])
    return None


def _inside(record: Record) -> tuple[str, ...]:
    """What tells the vectors of a set apart: their blocks where no two share one."""
    sites = record["sites"]
    blocks = [site["block"] for site in sites]
    if len(sites) == 1:
        return ("",)
    own = (record.get("config") or {}).get("names")
    if record["method"] == "imported" and isinstance(own, list) and len(own) == len(sites):
        return tuple(str(name) for name in own)
    if len(set(blocks)) == len(blocks):
        return tuple(f"block {block}" for block in blocks)
    return tuple(f"{index:02d}" for index in range(len(sites)))


def _members(record: Record) -> tuple[str, ...]:
    """Digests of the records that an experiment made or measured."""
    found = [record.get(key) or () for key in ("vectors", "evaluations", "generations")]
    return tuple(str(one) for several in found for one in several)


def _helpers(record: Record) -> tuple[str, ...]:
    """Digests of the sets that are there for this record alone: its controls and repeats."""
    if record["name"] == "evidence":
        return tuple(str(one) for one in record["vectors"][1:])
    return tuple(one for one in record.get("controls") or () if isinstance(one, str))


_PARTS: dict[str, Callable[[Record], list[str]]] = {
    "vectors": _vectors,
    "evaluation": _evaluation,
    "generation": _generation,
    "conversation": _conversation,
    "experiment": _experiment,
}
