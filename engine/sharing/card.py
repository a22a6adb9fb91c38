"""The card of a pack, `README.md`: what its records are and how to load them, with or without us.

Every figure comes from a stored run of exactly these vectors, beside its random ones, or is left
out. Knows nothing of the hub.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.configs import registry
from engine.errors import ConfigError
from engine.records.records import RecordInfo
from engine.sharing import measured
from engine.sharing.measured import Figure
from engine.store import notes
from engine.store.headers import KINDS
from engine.store.store import Store

NO_LICENSE = "unknown"
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,39}")
_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&])")
MOST_PLACES = 12
MOST_NOTES = 6
LONGEST = 200
"""Signs of a text that a record brings along."""


def check_license(name: str) -> None:
    """Refuse what can be no licence's identifier.

    Raises:
        ConfigError: If it is none.
    """
    if not _LICENSE.fullmatch(name):
        raise ConfigError(
            f"{name[:40]!r} is no licence identifier of the hub: write one as cc-by-4.0 or mit."
        )


def text(store: Store, inside: Store, license: str) -> str:  # noqa: A002  The field's name.
    """The card of a pack.

    Args:
        store: Whose runs give the figures.
        inside: The pack's own store.
        license: Its identifier.
    """
    infos = sorted(inside.list(), key=lambda info: (info.kind, info.digest))
    sets = [info for info in infos if info.kind == "vectors"]
    others = [info for info in infos if info.kind != "vectors"]
    parts = [_head(license)]
    parts += [_about_set(store, inside, info) for info in sets]
    parts += [_about_others(inside, others)] if others else []
    parts += [_loading(inside, sets), _licence(license)]
    return "\n\n".join(parts) + "\n"


def _head(license: str) -> str:  # noqa: A002
    return (
        f"---\nlicense: {license}\nlibrary_name: vectorscope\ntags:\n- steering-vectors\n"
        "- vectorscope\n---\n\n# Steering vectors\n\nA pack of Vectorscope. Each file is one "
        "record and holds its own settings. `pack.json` lists all files with their SHA-256."
    )


def _about_set(store: Store, inside: Store, info: RecordInfo) -> str:
    found = inside.load_vectors(info.digest)
    lengths = np.linalg.norm(found.vectors, axis=1)
    low, high = f"{lengths.min():.3g}", f"{lengths.max():.3g}"
    places = list(dict.fromkeys(site.words for site in found.sites))
    lines = {
        "File": f"`{_place(inside, info)}`",
        "Method": _plain(registry.titled(found.method) or found.method),
        "Model": _model(found.model),
        "Places": _some(places, MOST_PLACES) + " (blocks are counted from 0)",
        "Vectors": f"{len(found.vectors)} of width {found.vectors.shape[1]}, float32",
        "Length": low if low == high else f"{low} to {high}",
        "Strength": "a strength of 1 is the vector as it is stored, with its length",
        "Found": found.provenance.created[:10],
    }
    if residual := [
        f"{_plain(place)}: {norm:.4g}"
        for place, norm in found.residual_norms.items()
        if place in places
    ]:
        lines["Median residual norm"] = _some(residual, MOST_PLACES)
    if found.notes:
        lines["Notes"] = " ".join(_plain(note) for note in found.notes[:MOST_NOTES])
    body = "\n".join(f"- {name}: {value}" for name, value in lines.items())
    title = f"## {_name(inside, info)} (`{info.digest}`)"
    return f"{title}\n\n{body}\n\n{_figures(measured.of_set(store, found))}"


def _model(model: dict[str, Any]) -> str:
    told = [_plain(str(model.get("short_name")))]
    if model.get("architecture"):
        told.append(_plain(str(model["architecture"])))
    if model.get("blocks"):
        told.append(f"{model['blocks']} blocks")
    if model.get("fingerprint"):
        told.append(f"fingerprint `{_code(str(model['fingerprint']))}`")
    if model.get("quantised"):
        told.append(f"quantised ({_plain(str(model['quantised']))})")
    if model.get("adapter"):
        told.append("with an adapter, which is not in this pack")
    return ", ".join(told)


def _figures(found: Sequence[Figure]) -> str:
    if not found:
        return "No stored run measured these vectors, so no effect is stated."
    rows = [_row(one) for one in found]
    return (
        "The strongest vector of this set in each run. It is the best of many, so read the badge, "
        "and what held on the half of the questions that did not choose it.\n\n"
        "| run | behaviour | vector | strength | mean effect (95 %) | random | p | held out | KL |"
        "\n| --- | --- | ---: | --- | --- | --- | ---: | --- | ---: |\n" + "\n".join(rows)
    )


def _row(one: Figure) -> str:
    best = one.best
    held = "not known"
    if best.held_out is not None:
        held = f"{best.held_out:+.3f}{_interval(best.held_low, best.held_high)}"
    cells = [
        f"`{one.run}`",
        f"{_plain(one.behaviour)} in {best.questions} questions of {_plain(one.questions)}",
        str(best.vector),
        _plain(one.strength + (f"; on {one.model}" if one.model else "")),
        f"{best.effect:+.3f} {_plain(one.unit)}{_interval(best.low, best.high)}",
        f"{_plain(best.badge)}; {best.controls} random vectors",
        "none" if best.p is None else f"{best.p:.2g}",
        held,
        "not measured" if one.kl is None else f"{one.kl:.3g} nats",
    ]
    return f"| {' | '.join(cells)} |"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({low:+.3f} to {high:+.3f})"


def _about_others(inside: Store, infos: Sequence[RecordInfo]) -> str:
    lines = [
        f"- `{info.digest}`: {KINDS[info.kind]} of {_plain(info.model)}, "
        f"{_plain(_name(inside, info))}, `{_place(inside, info)}`"
        for info in infos
    ]
    return "## Other records\n\n" + "\n".join(lines)


def _loading(inside: Store, sets: Sequence[RecordInfo]) -> str:
    told = (
        "## How to load it\n\nVectorscope checks all files, then takes them in:\n\n"
        "```bash\nvectorscope unpack FOLDER\n```"
    )
    if not sets:
        return told
    return (
        f"{told}\n\nWithout Vectorscope, with safetensors alone:\n\n```python\nimport json\n\n"
        "from safetensors import safe_open\n\n"
        f'with safe_open("{_place(inside, sets[0])}", framework="numpy") as file:\n'
        '    vectors = file.get_tensor("vectors")  # one row a vector\n'
        '    record = json.loads(file.metadata()["record"])\n'
        'places = [(site["block"], site["kind"]) for site in record["sites"]]\n```'
    )


def _licence(license: str) -> str:  # noqa: A002
    if license == NO_LICENSE:
        return "## Licence\n\nNone was stated. The licence of the model may apply as well."
    return f"## Licence\n\n{license}. The licence of the model may apply as well."


def _name(inside: Store, info: RecordInfo) -> str:
    """Its own name, which came along, or what it is."""
    own = notes.read(inside.root, info.digest).name
    return _plain(own or f"{registry.titled(info.method) or info.method}, {info.summary}")


def _place(inside: Store, info: RecordInfo) -> str:
    return Path(info.path).relative_to(inside.root).as_posix()


def _some(values: Sequence[str], most: int) -> str:
    more = f", and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(values[:most]) + more


def _plain(given: str) -> str:
    """A text that others wrote, as one line without markup."""
    line = " ".join(given.split())
    if len(line) > LONGEST:
        line = f"{line[: LONGEST - 1]}…"
    return _MARKUP.sub(r"\\\1", line)


def _code(given: str) -> str:
    return re.sub(r"[^0-9A-Za-z.-]", "", given)[:LONGEST]
