"""Does the jobs of one peer as they are asked for, one line of JSON each, and times them.

Started as `python serve.py NAME FOLDER THREADS CLOCK` in the peer's environment. Knows nothing of
the engine: what is asked lies in the folder, and so does what was found.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from asked import MODEL, read
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

PACKAGES = ("torch", "transformers", "numpy")
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


def main(name: str, folder: Path, threads: int, clock: str) -> None:
    """Answer every line of the standard input until it ends."""
    # What libraries print must not stand among the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    torch.set_num_threads(threads)
    asked = read(folder)
    place = folder / MODEL
    model = AutoModelForCausalLM.from_pretrained(place, torch_dtype=torch.float32).eval()
    special = json.loads((place / "special_tokens.json").read_text(encoding="utf-8"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(place / "tokenizer.json"), **special)
    module: Any = importlib.import_module(f"with_{name}")
    peer = module.Peer(model, tokenizer, asked)
    first = {"versions": versions(module.PACKAGE), "jobs": module.JOBS}
    print(json.dumps(first), file=answers, flush=True)
    for line in sys.stdin:
        print(
            json.dumps(answered(peer, json.loads(line), folder, CLOCKS[clock])),
            file=answers,
            flush=True,
        )


def answered(
    peer: Any, wanted: dict[str, Any], folder: Path, clock: Callable[[], float]
) -> dict[str, Any]:
    """Seconds of one job and the file of what it gave, or why there is none."""
    try:
        with torch.no_grad():
            begun = clock()
            found = getattr(peer, wanted["job"])(**wanted["settings"])
            seconds = clock() - begun
    except Exception as error:  # noqa: BLE001  Whatever a peer raises is why it has no figure.
        return {"error": f"{type(error).__name__}: {error}"}
    path = folder / f"{wanted['name']}.npy"
    if isinstance(found, np.ndarray):
        np.save(path, found)
        return {"seconds": seconds, "file": path.name}
    return {"seconds": seconds, "texts": found}


def versions(package: str) -> dict[str, str]:
    """Of the peer and of what it stands on."""
    return {name: metadata.version(name) for name in (package, *PACKAGES)}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
