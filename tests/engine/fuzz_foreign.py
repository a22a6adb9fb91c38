"""Files of vectors of every layout, damaged at random: vectors or one sentence, within a second.

`python -m tests.engine.fuzz_foreign [--count 500] [--seed 0]` tries many; the suite a few. A change
is a cut, changed bytes, or a key under another name. Knows nothing of what files should give.
"""

# ruff: noqa: T201  A harness that is run by hand.
import argparse
import io
import json
import random
import tempfile
import time
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch

from engine.errors import DataError
from engine.foreign import formats
from engine.foreign.formats import Given

SLOW = 1.0
"""Seconds that one file may take."""
GIVEN = (Given(), Given(depth=5, width=8), Given(layer=2), Given(index=(0,)), Given(site="mlp_out"))


def samples() -> dict[str, bytes]:
    """A good file of each layout, by name."""
    one, many = torch.arange(8.0), torch.arange(48.0).reshape(6, 8)
    wholes = {
        "study.pt": {"vectors": many, "losses": [[1.0, 2.0]] * 6, "config": {"source_layer": 3}},
        "layers.pt": {i: one + i for i in range(6)},
        "one.pt": {"direction": one, "layer": 5, "model": "m"},
        "hooks.pt": {f"blocks.{i}.hook_resid_post": one for i in range(4)},
        "list.pt": [one, one + 1],
        "dct.pt": {"U": many.T, "V": many.T},
        "numpy.pt": {"vectors": many.numpy(), "layer": 1},
        "evil_response_avg_diff.pt": many,
        "mean_diffs.pt": many.reshape(2, 3, 8),
        "axis.pt": {"axis": many},
        "sv.pt": {"layer_activations": {2: one}, "layer_type": "mlp"},
    }
    found = {}
    for name, whole in wholes.items():
        buffer = io.BytesIO()
        torch.save(whole, buffer)
        found[name] = buffer.getvalue()
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, many.numpy())
    np.savez(archive, joy=one.numpy(), anger=one.numpy())
    sae = {"W_dec": many.numpy(), "b_dec": one.numpy()}
    svec = {"directions": {"1": one.tolist()}, "model_type": "llama"}
    person = {"modelId": "m", "layerNumber": 5, "hookType": "hook_resid_post", "vector": [1.0, 2.0]}
    return found | {
        "layer_3.npy": array.getvalue(),
        "names.npz": archive.getvalue(),
        "sae.safetensors": safetensors.numpy.save(sae),
        "a.svec": json.dumps(svec).encode(),
        "b.json": json.dumps(person).encode(),
    }


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A copy that is cut, changed in some bytes, or has a name replaced."""
    kind = chance.randrange(3)
    if kind == 0:
        return content[: chance.randrange(1, len(content))]
    changed = bytearray(content)
    if kind == 1:
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)
    old = chance.choice([b"vectors", b"layer", b"direction", b"hook", b"W_dec", b"axis", b"dtype"])
    return bytes(changed).replace(old, bytes(chance.choice(b"xyz019") for _ in old))


def tried(count: int, seed: int) -> list[str]:
    """What went wrong with so many damaged files: other errors, long sentences, long times."""
    chance, wrong, good = random.Random(seed), [], samples()
    with tempfile.TemporaryDirectory(prefix="vectorscope-fuzz-") as folder:
        for number in range(count):
            name = chance.choice(sorted(good))
            path = Path(folder) / name
            path.write_bytes(damaged(good[name], chance))
            given, began = chance.choice(GIVEN), time.monotonic()
            try:
                formats.read(path, given)
            except DataError as error:
                if not str(error).strip() or "\n" in str(error):
                    wrong.append(f"{number} {name}: no sentence: {error}")
            except Exception as error:  # noqa: BLE001  What is looked for.
                wrong.append(f"{number} {name}: {type(error).__name__}: {error}")
            if (took := time.monotonic() - began) > SLOW:
                wrong.append(f"{number} {name}: {took:.1f} s")
    return wrong


def main() -> None:
    """Try many files and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    wrong = tried(asked.count, asked.seed)
    print("\n".join(wrong))
    print(f"{asked.count} files, {len(wrong)} wrong")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
