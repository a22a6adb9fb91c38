"""How much memory is free where a model would be loaded: on the GPU, or in this machine.

Asks the driver's own tool and not torch, which a page must not import. Knows nothing of models.
"""

import importlib.metadata
import os
import shutil
import subprocess
from dataclasses import dataclass

import psutil

TOOL = "nvidia-smi"
SECONDS = 10
"""For which the tool is waited for; it takes long where a GPU was asleep."""
MEGABYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Of all GPUs that torch would use, or of the machine."""

    is_gpu: bool
    free: int
    """Bytes."""
    total: int

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return "on the GPU" if self.is_gpu else "on this machine"


def memory(device: str = "auto") -> Memory:
    """What is free now where a model would go.

    Args:
        device: As in a config: "auto" is the GPU where there is one that torch can use.
    """
    found = [] if device == "cpu" else _gpus()
    if ":" in device:
        place = device.partition(":")[2]
        found = found[int(place) : int(place) + 1] if place.isdecimal() else found
    if found:
        free, total = (sum(one) for one in zip(*found, strict=True))
        return Memory(is_gpu=True, free=free, total=total)
    machine = psutil.virtual_memory()
    return Memory(is_gpu=False, free=machine.available, total=machine.total)


def _gpus() -> list[tuple[int, int]]:
    """Free and whole bytes of each GPU that this process may use, in torch's order."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    tool = shutil.which(TOOL)
    if tool is None or _is_for_cpu():
        return []
    asked = [
        tool,
        "--query-gpu=index,uuid,memory.free,memory.total",
        "--format=csv,noheader,nounits",
    ]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=True)
        rows = [line.split(", ") for line in told.stdout.splitlines() if line.strip()]
        known = [(index, uuid, (int(free), int(total))) for index, uuid, free, total in rows]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    if shown is not None:
        # As the driver does: the list ends at the first name that is none of a GPU.
        listed = [next((k for k in known if _is_named(k, n)), None) for n in shown.split(",")]
        known = [one for one in listed[: [*listed, None].index(None)] if one is not None]
    return [(free * MEGABYTE, total * MEGABYTE) for _, _, (free, total) in known]


def _is_named(gpu: tuple[str, str, tuple[int, int]], name: str) -> bool:
    name = name.strip()
    return name == gpu[0] or (name.startswith("GPU-") and gpu[1].startswith(name))


def _is_for_cpu() -> bool:
    """Whether torch was built without CUDA, which its version says."""
    try:
        return "+cpu" in importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return False
