"""How a stored result was made, as named lines for a card or a report. Draws nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dashboard.words import captions
from engine.configs.core import Site
from engine.configs.steering.interventions import NEUTRAL
from engine.model.declared import generating
from engine.records import readings, steered
from engine.records.grids import Generation
from engine.records.readings import Reading
from engine.records.records import EvaluationHead, Provenance, VectorSet, measured
from engine.records.steered import Steered

Recipe = dict[str, str]
MOST_COLUMNS = 12


def of_model(model: Mapping[str, Any]) -> Recipe:
    """Of the model that answered: what pins its weights and its adapter's."""
    return {"model": _model(model), "adapter": _adapter(model)}


def stamp(digest: str, made: Provenance) -> str:
    """What names a record, and when and by which commit it was made."""
    return _stamped(digest, made.created, made.commit, made.dirty)


def template(model: Mapping[str, Any], system: str | None) -> str:
    """The chat template, and the system prompt that it was told."""
    return _template(model, {"system": system})


def sampling(settings: Mapping[str, Any]) -> str:
    """How each token was chosen, and how many at most."""
    return f"{_sampling(settings)}, at most {settings['max_new_tokens']} tokens"


def of_vector(evaluation: EvaluationHead, vector_set: str, index: int, name: str) -> Recipe:
    """Of one vector in a sweep.

    Args:
        evaluation: The sweep.
        vector_set: Digest of the vector's set.
        index: Its row there.
        name: As it is called on screen.
    """
    measured = evaluation.vector_names[vector_set]
    words = f"{name}: row {index} of set {vector_set}"
    norms, sites = measured.get("norms", ()), measured.get("sites", ())
    if index < len(norms):
        words += f", norm {norms[index]:.3g}"
    site = {"site": Site(**sites[index]).words} if index < len(sites) else {}
    head = {"model": _model(evaluation.model), "adapter": _adapter(evaluation.model)}
    return {**head, "vector": words, **site, **_sweep(evaluation)}


def of_sweep(evaluation: EvaluationHead) -> Recipe:
    """Of a whole sweep."""
    counts = Counter(name for name, _ in measured(evaluation.config, evaluation.vector_names))
    sets = [
        f"{captions.method(str(one.get('method')))} {digest} ({counts[digest]})"
        for digest, one in evaluation.vector_names.items()
    ]
    head = {"model": _model(evaluation.model), "adapter": _adapter(evaluation.model)}
    return {**head, "vectors": ", ".join(sets), **_sweep(evaluation)}


def _sweep(evaluation: EvaluationHead) -> Recipe:
    config, asked = evaluation.config, evaluation.questions
    how = steered.of_config(config)
    scales = ", ".join(captions.scale(float(scale)) for scale in config.get("scales", ()))
    orders = "both option orders" if config.get("orders", "both") == "both" else "as given"
    reading = readings.of_config(config)
    asked_in = f"asked in {orders}"
    if not reading.has_letters:
        asked_in = f"read by {reading.difference}"
    kind = config.get("control_kind", "isotropic")
    return {
        "operation": _operation(how, reading),
        **_further(how, config),
        "scales" if how.adds else "strengths": f"{scales}; {how.unit}",
        "questions": f"{asked.name}, {len(asked.questions)} {asked_in}; counted: "
        f"{asked.behaviour}; file sha256 {asked.sha256[:12]}",
        "controls": f"{config.get('controls', 0)} random vectors for each site and norm, {kind}"
        + ("" if how.adds else ", by the same operation"),
        "template": _template(evaluation.model, config),
        "seed": str(config.get("seed", 0)),
        "record": stamp(evaluation.digest, evaluation.provenance),
    }


def _operation(how: Steered, reading: Reading) -> str:
    """What a sweep did with its vectors, at which positions and blocks."""
    told = [how.does]
    if how.layers != "own":
        layers = "all blocks" if how.layers == "all" else f"blocks {_numbers(how.layers)}"
        told.append(f"each vector at the outputs of {layers}")
    if how.positions == "all":
        both = "" if reading.has_letters else " and of the answers"
        told.append(f"at all positions of the prompt{both}")
    else:
        told.append(f"at {_positions(how.positions)}")
    return ", ".join([*told, *(["norm of states kept"] if how.preserve_norm else [])])


def _further(how: Steered, config: Mapping[str, Any]) -> Recipe:
    """The gate, the adapter's dose, and what was taken for usual, where they matter."""
    found = {"condition": how.gated} if how.gated else {}
    if how.dose is not None:
        found["dose"] = f"adapter at {how.dose}, unsteered answers included"
    if how.needs_usual:
        found["usual states"] = f"at the last tokens of prompts of {config.get('usual', NEUTRAL)}"
    return found


def _numbers(layers: str | Sequence[int]) -> str:
    return layers if isinstance(layers, str) else ", ".join(map(str, layers))


def of_pair(first: VectorSet, second: VectorSet, cell: str | None = None) -> Recipe:
    """Of two sets that are compared layer by layer.

    Args:
        first: The rows.
        second: The columns.
        cell: The chosen pair, in words.
    """
    models = dict.fromkeys((_model(first.model), _model(second.model)))
    adapters = dict.fromkeys(_adapter(found.model) for found in (first, second))
    kinds = dict.fromkeys(site.kind for found in (first, second) for site in found.sites)
    recipe = {
        "model": "; ".join(models),
        "adapter": "; ".join(adapters),
        "rows": _set(first),
        "columns": _set(second),
        "site": ", ".join(SITES.get(kind, kind) for kind in kinds),
        "operation": "cosine of every pair of vectors",
        "template": "; ".join(dict.fromkeys(_template(f.model, f.config) for f in (first, second))),
        "seed": "; ".join(dict.fromkeys(str(f.config.get("seed", 0)) for f in (first, second))),
        "records": "; ".join(stamp(f.digest, f.provenance) for f in (first, second)),
    }
    return recipe if cell is None else {**recipe, "cell": cell}


def of_sets(sets: Sequence[VectorSet], operation: str) -> Recipe:
    """Of several sets whose vectors are compared.

    Args:
        sets: Of one model; the first ones are told one by one.
        operation: What was computed.
    """
    kinds = dict.fromkeys(site.kind for found in sets for site in found.sites)
    told = {f"set {i + 1}": _set(found) for i, found in enumerate(sets[:MOST_COLUMNS])}
    if len(sets) > MOST_COLUMNS:
        told["more"] = f"\u2026 and {len(sets) - MOST_COLUMNS} more sets"
    templates = dict.fromkeys(_template(f.model, f.config) for f in sets[:MOST_COLUMNS])
    return {
        "model": "; ".join(dict.fromkeys(_model(found.model) for found in sets)),
        "adapter": "; ".join(dict.fromkeys(_adapter(found.model) for found in sets)),
        **told,
        "site": ", ".join(SITES.get(kind, kind) for kind in kinds),
        "operation": operation,
        "template": "; ".join(templates),
        "seed": "; ".join(dict.fromkeys(str(found.config.get("seed", 0)) for found in sets)),
    }


def of_study(record: Mapping[str, Any]) -> Recipe:
    """Of a stored study: its settings, and the records that it is drawn from."""
    config, model = dict(record.get("config") or {}), record["model"]
    config.pop("model", None)
    seed = str(config.pop("seed", 0))
    kinds = {"vectors": "vectors", "evaluations": "evaluations", "generations": "texts"}
    made = {told: ", ".join(record[kind]) for kind, told in kinds.items() if record.get(kind)}
    settings = (f"{name.replace('_', ' ')} {_setting(value)}" for name, value in config.items())
    stamp = record.get("provenance") or {}
    commit, dirty = stamp.get("commit"), stamp.get("dirty")
    return {
        "model": _model(model),
        "adapter": _adapter(model),
        "settings": "; ".join(settings) or "as by default",
        **made,
        "template": _template(model, config),
        "seed": seed,
        "record": _stamped(record["digest"], str(stamp.get("created", "")), commit, bool(dirty)),
    }


def _setting(value: Any) -> str:
    """A field of a config in words; lists without their brackets."""
    if isinstance(value, list | tuple):
        return ", ".join(_setting(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


SITES = {
    "block_out": "outputs of blocks",
    "block_in": "inputs of blocks",
    "mlp_out": "MLP outputs of blocks",
}


def _set(found: VectorSet) -> str:
    norms = np.linalg.norm(found.vectors, axis=1)
    read = found.config.get("position")
    position = f", position {read}" if read else ""
    return (
        f"{captions.method(found.method)} set {found.digest}, "
        f"{captions.count(len(found.vectors), 'vector')}{position}, norms {norms.min():.3g} to "
        f"{norms.max():.3g}"
    )


def of_texts(generation: Generation, names: Sequence[str]) -> Recipe:
    """Of the columns of a grid that are shown.

    Args:
        generation: The grid.
        names: Its columns, in order.
    """
    config = generation.config
    columns = {str(one["name"]): one for one in config["configurations"]}
    shown = list(names)[:MOST_COLUMNS]
    told = {f"column {i + 1}": _column(columns[name], generation) for i, name in enumerate(shown)}
    if len(names) > MOST_COLUMNS:
        told["more"] = f"\u2026 and {len(names) - MOST_COLUMNS} more columns"
    return {
        "model": _model(generation.model),
        "adapter": _adapter(generation.model),
        **told,
        "sampling": sampling(config),
        **_declared(generation.model),
        "template": _template(generation.model, config),
        "seed": str(config["seed"]),
        "record": stamp(generation.digest, generation.provenance),
    }


def _sampling(config: Mapping[str, Any]) -> str:
    """How each token was chosen, in words; older records lack the limits."""
    if float(config["temperature"]) == 0:
        return "greedy"
    limits = {"top-p": config.get("top_p", 1.0), "top-k": config.get("top_k", 0)}
    told = [
        f"{name} {limits[name]:g}"
        for name, off in (("top-p", 1), ("top-k", 0))
        if limits[name] != off
    ]
    return ", ".join([f"temperature {config['temperature']:g}", *told])


def _declared(model: Mapping[str, Any]) -> Recipe:
    """Where texts end, and how the model's own generation config would have chosen tokens."""
    told = generating.told_of(model)
    return {"model's own": " ".join(told)} if told else {}


def _column(one: Mapping[str, Any], generation: Generation) -> str:
    """What one configuration does, in words."""
    adapter, how = one["adapter"], steered.of_config(one)
    weights = "base" if not adapter else "fine-tuned" if adapter is True else str(adapter)
    parts = [part for part in one["blend"] if part["weight"] != 0]
    model = f"{one['name']}: {weights} model"
    model += "" if how.dose is None else f" with the adapter at {how.dose}"
    if one.get("system") is not None:
        model += f", under the system prompt \u201c{one['system']}\u201d"
    if one["scale"] == 0 or not parts:
        return f"{model}, nothing changed"
    vectors = " + ".join(_part(part, generation) for part in parts)
    layers = one["layers"]
    at = {"own": _own_sites(parts, generation), "all": "the outputs of all blocks"}.get(
        layers if isinstance(layers, str) else "", f"the outputs of blocks {_numbers(layers)}"
    )
    unit = " \u00d7 residual norm" if how.is_relative else ""
    extra = ", unit norm" if one["unit_norm"] else ""
    extra += ", norm of states kept" if one["preserve_norm"] else ""
    extra += f", {how.gated}" if how.gated else ""
    verb = f"add {captions.scale(one['scale'])}{unit} of {vectors}"
    if not how.adds:
        verb = f"{how.operation} {captions.scale(one['scale'])} by {vectors}: {how.does}"
    return f"{model}, {verb} at {at}, {_positions(str(one['positions']))}{extra}"


def _part(part: Mapping[str, Any], generation: Generation) -> str:
    known = generation.vector_names.get(part["digest"], {})
    names = known.get("names", ())
    name = names[part["index"]] if part["index"] < len(names) else f"row {part['index']}"
    weight = "" if part["weight"] == 1 else f"{part['weight']:g} \u00d7 "
    return f"{weight}{name} (set {part['digest']})"


def _own_sites(parts: Sequence[Mapping[str, Any]], generation: Generation) -> str:
    found = []
    for part in parts:
        sites = generation.vector_names.get(part["digest"], {}).get("sites", ())
        if part["index"] < len(sites):
            found.append(Site(**sites[part["index"]]).words)
    return "the " + ", ".join(dict.fromkeys(found)) if found else "the vectors' own sites"


def _positions(name: str) -> str:
    words = {"all": "all positions", "prompt": "the prompt", "response": "the response"}
    first, _, last = name.removeprefix("answer-").partition(":")
    if name.startswith("answer-"):
        return f"the positions that write tokens {first} to {last} of the answer"
    return words.get(name, f"{name.replace('-', ' ')} positions of the prompt and the response")


def _model(model: Mapping[str, Any]) -> str:
    """The model with what pins its weights."""
    name = str(model.get("name") or model["short_name"])
    pinned = model.get("revision") or model.get("fingerprint")
    words = [f"{name}, {'revision' if model.get('revision') else 'weights'} {pinned or 'unknown'}"]
    if model.get("dtype"):
        words.append(f"{model['dtype']} on {model.get('device', 'unknown')}")
    return ", ".join(words)


def _adapter(model: Mapping[str, Any]) -> str:
    if model.get("adapters"):
        each = model["adapters"].items()
        return "; ".join(
            f"{name}: {one['adapter']}, weights {one['adapter_fingerprint']}" for name, one in each
        )
    if not model.get("adapter"):
        return "none"
    return f"{model['adapter']}, weights {model.get('adapter_fingerprint') or 'unknown'}"


def _template(model: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    words = f"chat template {model.get('template_hash') or 'unknown'}"
    words += f" told the date {model['date']}" if model.get("date") else ""
    prompts = config.get("prompts")
    system = prompts.get("system") if isinstance(prompts, dict) else config.get("system")
    return f"{words}, system prompt \u201c{system}\u201d" if system else words


def _stamped(digest: str, created: str, commit: str | None, is_dirty: bool | None) -> str:
    words = f", commit {commit[:8]}{' (changed)' if is_dirty else ''}" if commit else ""
    return f"{digest}, {created[:16].replace('T', ' ')} UTC{words}"
