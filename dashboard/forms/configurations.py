"""Columns of the grid as values: the vectors to choose from, defaults, headings, configs."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from dashboard.frames import cosines
from dashboard.session import resources
from dashboard.words import captions
from engine.configs.core import ModelConfig
from engine.configs.grids import BlendPart, Configuration
from engine.errors import ConfigError

EMPTY: dict[str, Any] = {
    **{one.name: one.default for one in dataclasses.fields(Configuration) if one.name != "blend"},
    "name": "",
    "vector": None,
    "also": [],
    "weights": "",
    "scales": "",
}
"""A column's fields, all as their widgets hold them."""
SWEEP = "sweep"
"""Name of the one column that stands for many scales."""
SCALES = {
    "relative": (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5),
    "absolute": (-4.0, -2.0, -1.0, 1.0, 2.0, 4.0),
}
"""Of a sweep that names none."""


class Choice(NamedTuple):
    """A stored vector that a column can use."""

    reference: str
    """Digest and index."""
    name: str
    words: str
    method: str
    block: int


def choices(model: ModelConfig) -> dict[str, Choice]:
    """The vectors of this model, newest sets first, without those of shuffled labels.

    Where there are none, those of others that have its width, each with the name of its model.
    """
    found: dict[str, Choice] = {}
    infos = resources.records("vectors")
    own = [info for info in infos if info.model == model.short_name]
    for info in own or [info for info in infos if resources.fits(info, model)]:
        whose = "" if own else f" · {info.model}"
        record = resources.header(info.digest, info.path)
        if cosines.is_null(record.get("config") or {}):
            continue
        for index, site in enumerate(record["sites"]):
            name = f"{info.method}_{index:02d}"
            words = f"{name} · block {site['block']}{whose} · {info.digest[:4]}"
            choice = Choice(f"{info.digest}:{index}", name, words, info.method, int(site["block"]))
            found[choice.reference] = choice
    return found


def best(options: dict[str, Choice], method: str, block: int | None = None) -> str | None:
    """The vector to start with of a method's newest set: at this block, else in the middle.

    How well a vector parts the poles (d') does not say at which block it steers; on the demo model
    the early blocks part best and the middle ones steer best.
    """
    ours = [one for one in options.values() if one.method == method]
    ours = [one for one in ours if one.reference.split(":")[0] == ours[0].reference.split(":")[0]]
    if not ours:
        return None
    blocks = [one.block for one in ours]
    wanted = (min(blocks) + max(blocks)) // 2 if block is None else block
    return min(ours, key=lambda one: abs(one.block - wanted)).reference


def led(options: dict[str, Choice], pinned: str | None, current: str | None) -> dict[str, Choice]:
    """The same with the current and the pinned vector first, and the pinned one marked."""
    first = [name for name in dict.fromkeys((current, pinned)) if name in options]
    ordered = {name: options[name] for name in (*first, *options)}
    if pinned in ordered:
        one = ordered[pinned]
        ordered[pinned] = one._replace(words=f"{captions.PINNED} {one.words}")
    return ordered


def models(tuned: ModelConfig | None, further: Iterable[str]) -> dict[bool | str, str]:
    """What a column may ask for, each with its words: base, the usual adapter, others by name."""
    found: dict[bool | str, str] = {False: "base"}
    if tuned is not None:
        found[True] = f"fine-tuned: {next(iter(tuned.adapters))}" if further else "fine-tuned"
    return found | {name: name for name in further}


def usual(
    options: dict[str, Choice], has_adapter: bool, vector: str | None, pinned: str | None = None
) -> list[dict]:
    """The columns to start with: base, base + vector, fine-tuned - vector.

    With a pinned vector beside another one: base, base + vector, base + pinned.
    """
    given = vector if vector in options else None
    kept = pinned if pinned in options else None
    if given and kept and given != kept:
        pair = [{**EMPTY, "vector": one, **_start(options[one], 1)} for one in (given, kept)]
        return [{**EMPTY}, *pair]
    given = given or kept
    plus = given or best(options, "contrastive") or next(iter(options), None)
    columns = [{**EMPTY}]
    if plus is None:
        return [*columns, {**EMPTY, "adapter": True}] if has_adapter else columns
    columns.append({**EMPTY, "vector": plus, **_start(options[plus], 1)})
    if has_adapter:
        minus = given or best(options, "finetune-diff", options[plus].block) or plus
        columns.append({**EMPTY, "adapter": True, "vector": minus, **_start(options[minus], -1)})
    return columns


def beside(
    columns: list[dict[str, Any]], reference: str, options: dict[str, Choice]
) -> dict[str, Any]:
    """A column for another vector, with the settings of the first steered base one."""
    steered = (one for one in columns if one["vector"] and not one["adapter"])
    like = next(steered, {**EMPTY, **_start(options[reference], 1)})
    return {**like, "name": "", "vector": reference, "also": [], "weights": ""}


def _start(one: Choice, sign: int) -> dict[str, Any]:
    """A scale to begin with, in residual norms: in these units models, methods and layers compare.

    On the demo model texts change at about 1 in the middle blocks, and break soon after.
    """
    size = 1.0 if one.method in ("contrastive", "finetune-diff") else 0.5
    return {"scale": size * sign, "scale_unit": "relative"}


def one(values: dict[str, Any], options: dict[str, Choice]) -> Configuration:
    """One column from its fields.

    Raises:
        ConfigError: If a field makes no sense.
    """
    references = [values["vector"], *values["also"]] if values["vector"] else []
    weights = numbers(values["weights"], "weights") or (1.0,) * len(references)
    if len(weights) != len(references) and references:
        raise ConfigError(f"{len(weights)} weights for {len(references)} vectors: give one each.")
    blend = tuple(
        BlendPart(digest=r.split(":")[0], index=int(r.split(":")[1]), weight=w)
        for r, w in zip(references, weights, strict=False)
    )
    is_ablation = values["operation"] == "ablate"
    return Configuration(
        name=values["name"].strip() or heading(values, options),
        adapter=values["adapter"] or False,
        blend=blend,
        scale=float(values["scale"]) if blend else 0.0,
        scale_unit="absolute" if is_ablation else values["scale_unit"],
        operation=values["operation"],
        layers=blocks(values["layers"]),
        positions=str(values["positions"]),
        unit_norm=bool(values["unit_norm"]),
        preserve_norm=bool(values["preserve_norm"]),
    )


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields that give a stored grid's configuration back."""
    references = [f"{part['digest']}:{part['index']}" for part in given["blend"]]
    weights = [part["weight"] for part in given["blend"]]
    layers = given["layers"]
    return {
        **EMPTY,
        **{name: given[name] for name in EMPTY if name in given and name != "layers"},
        "vector": references[0] if references else None,
        "also": references[1:],
        "weights": "" if set(weights) <= {1.0} else ", ".join(f"{w:g}" for w in weights),
        "layers": layers if isinstance(layers, str) else ", ".join(str(block) for block in layers),
    }


def sweep(values: dict[str, Any], options: dict[str, Choice]) -> tuple[Configuration, ...]:
    """One configuration a scale, the unsteered model among them, the lowest scale first.

    Raises:
        ConfigError: If there is no vector, or a scale is no number.
    """
    if not values["vector"]:
        raise ConfigError("A sweep needs a vector: choose one.")
    usual = SCALES[values["scale_unit"]]
    scales = sorted({*(numbers(values["scales"], "scales") or usual), 0.0})
    found = []
    for scale in scales:
        name = f"{scale:+g}".replace("-", "\u2212") if scale else "0"
        found.append(one({**values, "name": name, "scale": scale}, options))
    return tuple(found)


def apart(given: list[Configuration]) -> tuple[Configuration, ...]:
    """The same with a number behind every name that stood before."""
    seen: dict[str, int] = {}
    found = []
    for column in given:
        seen[column.name] = count = seen.get(column.name, 0) + 1
        name = column.name if count == 1 else f"{column.name} ({count})"
        found.append(dataclasses.replace(column, name=name))
    return tuple(found)


def number(text: str | None) -> float | None:
    """The finite number that a link gives, None if it gives none."""
    try:
        value = float((text or "").replace("\u2212", "-"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def heading(values: dict[str, Any], options: dict[str, Choice]) -> str:
    """A column's name from what it does: "base + 2× contrastive_05"."""
    adapter = values["adapter"]
    model = adapter if isinstance(adapter, str) else "fine-tuned" if adapter else "base"
    reference = values["vector"]
    if reference is None:
        return model
    name = options[reference].name if reference in options else reference
    name += "".join(f" & {options[r].name}" for r in values["also"] if r in options)
    if values["operation"] == "ablate":
        return f"{model}, {name} removed"
    sign = "\u2212" if values["scale"] < 0 else "+"
    size = f"{abs(values['scale']):g}×"
    if values["scale_unit"] == "relative":
        return f"{model} {sign} {name}, {size} residual norm"
    return f"{model} {sign} {size} {name}"


def numbers(text: str, noun: str, like: str = "-2, 1, 2") -> tuple[float, ...]:
    """The numbers written in a field, in their order; `like` shows how to write them.

    Raises:
        ConfigError: If one is no number.
    """
    words = text.replace(";", ",").replace("\u2212", "-").replace(",", " ").split()
    try:
        return tuple(float(word) for word in words)
    except ValueError as error:
        raise ConfigError(
            f"The {noun} '{text}' are not all numbers: write them like {like}."
        ) from error


def blocks(text: str, usual: str = "own") -> Any:
    """The blocks written in a field: a word as "own" or "all", or numbers with commas.

    Raises:
        ConfigError: If one is no number.
    """
    words = text.strip().lower() or usual
    if words in (usual, "all"):
        return words
    parts = words.replace(",", " ").split()
    if not all(part.isdecimal() for part in parts):
        raise ConfigError(
            f"Layers '{text}' are not known: write {usual}, all, or blocks like 3, 4."
        )
    return tuple(int(part) for part in parts)
