"""The corrigibility study's torch files (FORMATS 2.12), for its own evaluation programs.

Source: the files of obayyub/power_steering. `source_layer` L is the output of the MLP of block L,
which is that of the block on the models of the study. Numbers are float32, not the bfloat16 of the
study, so that none is lost. Knows nothing of other formats.
"""

import io
from typing import Any

from engine.errors import ConfigError
from engine.foreign.writing.chosen import Chosen, additive, outputs

TITLE = "A file of the corrigibility study"


def write(chosen: Chosen) -> bytes:
    """The file of the vectors of one block: `vectors` [vectors, hidden] beside plain settings.

    A single contrastive vector is written as the study writes its own, under `vector` [hidden].

    Raises:
        ConfigError: If the vectors are of several blocks, of another place, or not for adding.
    """
    import torch

    additive(chosen, TITLE)
    blocks = sorted(set(outputs(chosen, TITLE)))
    if len(blocks) > 1:
        raise ConfigError(
            f"{TITLE} is of one block, and these vectors are of {len(blocks)}: choose one "
            f"layer, as {chosen.sites[0].block}."
        )
    rows = torch.from_numpy(chosen.vectors.copy())
    config = chosen.found.config
    told: dict[str, Any] = {"vectorscope": dict(chosen.told)}
    if len(rows) == 1 and chosen.method.startswith("contrastive"):
        values = {
            "vector": rows[0],
            "model": chosen.model,
            "layer": blocks[0],
            "position": config.get("position"),
            "normalized": None,
        }
        return _saved(torch, values | told)
    values = {
        "vectors": rows,
        "model": chosen.model,
        "source_layer": blocks[0],
        "target_layer": config.get("target_layer"),
        "num_vectors": len(rows),
        **_of_method(chosen),
    }
    return _saved(torch, {k: v for k, v in values.items() if v is not None} | told)


def _of_method(chosen: Chosen) -> dict[str, Any]:
    """The settings and figures by which the study's programs tell their methods apart."""
    config, scores = chosen.found.config, chosen.found.scores
    found: dict[str, Any] = {}
    if chosen.method == "melbo":
        found = {"num_steps": config.get("steps", config.get("num_steps"))}
    elif chosen.method == "power-iteration":
        found = {"num_iters": config.get("iterations"), "num_tokens": config.get("tokens")}
    for ours, theirs in (("loss", "losses"), ("sigma", "sigmas")):
        if ours in scores:
            found[theirs] = [float(scores[ours][i]) for i in chosen.indices]
    return found


def _saved(torch: Any, values: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    torch.save(values, sink)
    return sink.getvalue()
