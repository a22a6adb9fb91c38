"""GGUF control vectors as llama.cpp, repeng, EasySteer and saklas load them (FORMATS 2.1).

Source: llama.cpp's `common_control_vector_load` and repeng's `ControlVector.export_gguf`.
`direction.N` is float32 and acts on the output of block N, counted from 0; N is at least 1, since
llama.cpp refuses 0. Whatever else is known stands in keys, because any other tensor spoils the
file there. Vectors for projection are marked as GLP marks its own. Knows nothing of other formats.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigError
from engine.foreign.writing.chosen import Chosen, additive, one_a_block, outputs

TITLE = "A GGUF control vector"
ARCHITECTURE = "controlvector"
HUB = "https://huggingface.co/"
OWN = "vectorscope."
"""Begins the keys that other programs do not know."""


def write(chosen: Chosen) -> bytes:
    """The file of one vector a block; values are float32, exactly those of the record.

    Of vectors for projection the directions alone are written, of length 1, as GLP asks; their
    lengths stand in the key vectorscope.norms.

    Raises:
        ConfigError: If a vector acts on block 0 or elsewhere than on a block's output, if several
            are at one block, or if they are neither added nor projected away.
    """
    blocks = outputs(chosen, TITLE)
    if 0 in blocks:
        raise ConfigError(
            "llama.cpp refuses a direction for block 0, which it never steers: choose other layers."
        )
    one_a_block(chosen, blocks, TITLE)
    projects = chosen.operation == "ablate"
    if not projects:
        additive(chosen, TITLE)
    rows = chosen.vectors
    keys = _keys(chosen)
    if projects:
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        if not lengths.all():
            raise ConfigError("A vector without length has no direction to project away: omit it.")
        rows = (rows / lengths).astype(np.float32)
        keys[f"{OWN}norms"] = ",".join(f"{one:.9g}" for one in lengths[:, 0])
    order = sorted(range(len(blocks)), key=lambda i: blocks[i])
    directions = {blocks[i]: rows[i] for i in order}
    if projects:
        keys |= _glp(chosen, directions)
    return _file(chosen.model_type, directions, keys)


def _keys(chosen: Chosen) -> dict[str, Any]:
    """What is told of the vectors beside their numbers; text and whole numbers."""
    found: dict[str, Any] = {
        f"{ARCHITECTURE}.method": chosen.method,
        "general.name": f"{chosen.method} {chosen.found.digest}",
        "general.base_model.count": 1,
        "general.base_model.0.name": chosen.model.rpartition("/")[2] or chosen.model,
    }
    if chosen.hub_id is not None:
        found["general.base_model.0.organization"] = chosen.hub_id.partition("/")[0]
        found["general.base_model.0.repo_url"] = f"{HUB}{chosen.hub_id}"
    if revision := chosen.found.model.get("revision"):
        found["general.base_model.0.version"] = str(revision)
    # EasySteer takes its method from any key that ends so, and GLP's reader too: one is enough.
    own = {key: value for key, value in chosen.told.items() if key != "method"}
    return found | {f"{OWN}{key}": value for key, value in own.items()}


def _glp(chosen: Chosen, directions: dict[int, np.ndarray]) -> dict[str, Any]:
    """The keys by which GLP's readers know that these are projected away, and refuse to add."""
    content = hashlib.sha256()
    for row in directions.values():
        content.update(np.ascontiguousarray(row, dtype="<f4").tobytes())
    found: dict[str, Any] = {
        "glp.spec_version": 1,
        "glp.generator": "Vectorscope",
        "glp.mode": "project",
        "glp.alpha_default": 1.0,
        "glp.rank": 1,
        "glp.orthonormal": True,
        "glp.hook_point": "residual_stream_post_layer",
        "glp.derived_at": "residual_stream_post_layer",
        "glp.method": chosen.method,
        "glp.base_model": chosen.model,
        "glp.layer_ids_zero_based": ",".join(map(str, directions)),
        "glp.content_sha256": content.hexdigest(),
        "glp.created": chosen.found.provenance.created[:10],
    }
    if revision := chosen.found.model.get("revision"):
        found["glp.base_revision"] = str(revision)
    return found


def _file(model_type: str, directions: dict[int, np.ndarray], keys: dict[str, Any]) -> bytes:
    from gguf import GGUFWriter

    with tempfile.TemporaryDirectory(prefix="vectorscope-gguf-") as folder:
        path = Path(folder) / "vector.gguf"
        writer = GGUFWriter(path, ARCHITECTURE)
        writer.add_string(f"{ARCHITECTURE}.model_hint", model_type)
        writer.add_uint32(f"{ARCHITECTURE}.layer_count", len(directions))
        for key, value in keys.items():
            if isinstance(value, bool):
                writer.add_bool(key, value)
            elif isinstance(value, int):
                writer.add_uint32(key, value)
            elif isinstance(value, float):
                writer.add_float32(key, value)
            else:
                writer.add_string(key, value)
        for block, row in directions.items():
            writer.add_tensor(f"direction.{block}", np.ascontiguousarray(row, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()
