"""Columns of the grid as values: the vectors to choose from, defaults, headings, configs."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from dashboard.forms import interventions
from dashboard.frames import cosines
from dashboard.session import naming, resources
from dashboard.words import captions
from engine.configs.core import ModelConfig
from engine.configs.grid_columns import prompt_names
from engine.configs.grids import BlendPart, Configuration
from engine.configs.steering.interventions import USUAL_SHARES
from engine.errors import ConfigError

EMPTY: dict[str, Any] = {
    **interventions.EMPTY,
    "name": "",
    "adapter": False,
    "vector": None,
    "also": [],
    "weights": "",
    "scale": 1.0,
    "scales": "",
    "scale_unit": "absolute",
    "unit_norm": False,
    "asks": False,
    "system": "",
    "models": [False],
    "vectors": [],
}
"""A column's fields, all as their widgets hold them."""
OWN = ("name", "adapter", "scale", "scale_unit", "unit_norm")
"""Those that a stored column holds under the same names."""
SWEEP = "sweep"
"""Name of the one column that stands for many scales."""
MATRIX = "matrix"
"""Name of the one column that stands for models x vectors x scales."""
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


def choices(model: ModelConfig, with_others: bool = False) -> dict[str, Choice]:
    """The vectors of this model, newest sets first, without those of shuffled labels.

    Helper sets come last. Where there are none, or they are asked for too, those of others that
    have its width, each with the name of its model.
    """
    found: dict[str, Choice] = {}
    infos, names = resources.records("vectors"), naming.names()
    # Sets that are there for a study alone come last: they are many, and few are looked for.
    infos.sort(key=lambda info: names.parent(info.digest) is not None)
    own = [info for info in infos if info.model == model.short_name]
    others = [] if own and not with_others else [i for i in infos if i not in own]
    for info in (*own, *resources.fitting(others, model)):
        whose = "" if info in own else f" · {info.model}"
        record = resources.header(info.digest, info.path)
        if cosines.is_null(record.get("config") or {}):
            continue
        for index, site in enumerate(record["sites"]):
            name, reference = f"{info.method}_{index:02d}", f"{info.digest}:{index}"
            place = f"block {site['block']}"
            called = names.of(reference)
            words = f"{called}{whose}" if called.endswith(place) else f"{called} · {place}{whose}"
            choice = Choice(reference, name, words, info.method, int(site["block"]))
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
        pair = [{**EMPTY, "vector": one, **start(options[one], 1)} for one in (given, kept)]
        return [{**EMPTY}, *pair]
    given = given or kept
    plus = given or best(options, "contrastive") or next(iter(options), None)
    columns = [{**EMPTY}]
    if plus is None:
        return [*columns, {**EMPTY, "adapter": True}] if has_adapter else columns
    columns.append({**EMPTY, "vector": plus, **start(options[plus], 1)})
    if has_adapter:
        minus = given or best(options, "finetune-diff", options[plus].block) or plus
        columns.append({**EMPTY, "adapter": True, "vector": minus, **start(options[minus], -1)})
    return columns


def beside(
    columns: list[dict[str, Any]], reference: str, options: dict[str, Choice]
) -> dict[str, Any]:
    """A column for another vector, with the settings of the first steered base one."""
    steered = (one for one in columns if one["vector"] and not one["adapter"])
    like = next(steered, {**EMPTY, **start(options[reference], 1)})
    return {**like, "name": "", "vector": reference, "also": [], "weights": ""}


def start(one: Choice, sign: int = 1) -> dict[str, Any]:
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
    adapter = values["adapter"] or False
    how = interventions.settings(values, known(options), bool(adapter))
    if not blend:
        how = {"dose": how.get("dose")}
    return Configuration(
        name=values["name"].strip() or heading(values, options),
        adapter=adapter,
        blend=blend,
        scale=float(values["scale"]) if blend else 0.0,
        scale_unit=values["scale_unit"] if values["operation"] == "add" else "absolute",
        unit_norm=bool(values["unit_norm"]),
        system=values["system"].strip() if values["asks"] else None,
        **how,
    )


def known(options: dict[str, Choice]) -> dict[str, interventions.Known]:
    """The vectors that a condition or a plane may name."""
    return {one: interventions.Known(found.words, found.block) for one, found in options.items()}


def fields(given: dict[str, Any]) -> dict[str, Any]:
    """The fields that give a stored grid's configuration back."""
    references = [f"{part['digest']}:{part['index']}" for part in given["blend"]]
    weights = [part["weight"] for part in given["blend"]]
    return {
        **EMPTY,
        **interventions.of_config(given),
        **{name: given[name] for name in OWN},
        "asks": given.get("system") is not None,
        "system": given.get("system") or "",
        "vector": references[0] if references else None,
        "also": references[1:],
        "weights": "" if set(weights) <= {1.0} else ", ".join(f"{w:g}" for w in weights),
    }


def sweep(values: dict[str, Any], options: dict[str, Choice]) -> tuple[Configuration, ...]:
    """One configuration a scale, the unsteered model among them, the lowest scale first.

    Raises:
        ConfigError: If there is no vector, or a scale is no number.
    """
    if not values["vector"]:
        raise ConfigError("A sweep needs a vector: choose one.")
    found = []
    for scale in sorted({*strengths(values), 0.0}):
        name = f"{scale:+g}".replace("-", "\u2212") if scale else "0"
        found.append(one({**values, "name": name, "scale": scale}, options))
    return tuple(found)


def strengths(values: dict[str, Any]) -> tuple[float, ...]:
    """The scales that a sweep or a matrix names, or the usual ones of its operation and unit.

    Raises:
        ConfigError: If one is no number.
    """
    return numbers(values["scales"], "scales") or usual_strengths(values)


def usual_strengths(values: dict[str, Any]) -> tuple[float, ...]:
    """Those of a sweep or a matrix that names none."""
    return SCALES[values["scale_unit"]] if values["operation"] == "add" else USUAL_SHARES


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
    adapter, operation = values["adapter"], values["operation"]
    model = adapter if isinstance(adapter, str) else "fine-tuned" if adapter else "base"
    dose = interventions.written_dose(values) if adapter else None
    model += "" if dose is None else f" at {dose}"
    if values["asks"]:
        (asked,) = prompt_names([values["system"].strip()]).values()
        model += f", {asked}"
    reference = values["vector"]
    if reference is None:
        return model
    name = options[reference].name if reference in options else reference
    name += "".join(f" & {options[r].name}" for r in values["also"] if r in options)
    if operation == "ablate" and values["scale"] == 1:
        return f"{model}, {name} removed"
    if operation != "add":
        strength = f"{values['scale']:+g}".replace("-", "\u2212")
        return f"{model}, {name}, {operation} {strength}"
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
