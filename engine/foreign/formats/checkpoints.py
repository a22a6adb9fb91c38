"""Torch files (.pt) opened without running anything in them, as plain values and arrays.

Knows nothing of what the values mean. Imports torch when it is called, not before.
"""

import io
import pickle
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.errors import DataError
from engine.foreign.formats import pickles
from engine.foreign.formats.limits import (
    MOST_DEPTH,
    check_archive,
    check_count,
    damaged,
    one_sentence,
)

if TYPE_CHECKING:
    import torch

STEERING_VECTOR = "steering_vectors.steering_vector.SteeringVector"
_MOST_VALUES = 100_000
_NAMED = re.compile(r"GLOBAL ([\w.]+)")


class Opened(NamedTuple):
    """What a torch file holds."""

    whole: Any
    """Dictionaries, lists and plain values; every tensor is a NumPy array."""
    dtype: str
    """Number types of its tensors, such as "bfloat16"."""


class SteeringVectorFields:
    """Stands in for the class of the steering-vectors package, which need not be installed."""

    layer_activations: Any = None
    layer_type: Any = None


def load(name: str, content: bytes) -> Opened:
    """Open a torch file; float64 stays, all other numbers become float32.

    Raises:
        DataError: If it is damaged, too large, or needs a class that would have to be executed.
    """
    import torch

    if content.startswith(b"PK"):
        check_archive(name, content)
    else:
        pickles.refuse(name, content)
    allowed = [(SteeringVectorFields, STEERING_VECTOR), *pickles.ARRAYS]
    with one_sentence(name):
        try:
            with torch.serialization.safe_globals(allowed):  # type: ignore[arg-type]
                found = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise _refusal(name, str(error)) from None
        walk = _Walk(name)
        return Opened(walk.plain(found, 0), ", ".join(sorted(walk.kinds)) or "none")


def _refusal(name: str, message: str) -> DataError:
    needed = _NAMED.search(message)
    if needed is None:
        return damaged(name, "it is no torch file, or it is cut off")
    return DataError(
        f"{name} needs the Python object {needed[1]}, which would run code when read, so it was "
        "not opened: save plain tensors again, such as torch.save({'vectors': tensor}, path)."
    )


class _Walk:
    """Goes through what was loaded; counts, so that a small file cannot grow without end."""

    def __init__(self, name: str) -> None:
        self.name, self.kinds = name, set[str]()
        self.values = self.numbers = 0

    def plain(self, value: Any, depth: int) -> Any:
        """The value with arrays for tensors and dictionaries for anything like one."""
        import torch

        self.values += 1
        if depth > MOST_DEPTH or self.values > _MOST_VALUES:
            raise DataError(f"{self.name} holds more nested values than any file of vectors.")
        if isinstance(value, SteeringVectorFields):
            return self.plain(dict(vars(value)), depth)
        if isinstance(value, pickles.Array | pickles.Kind):
            return self.counted(value.plain(self.name))
        if isinstance(value, torch.Tensor):
            return self.array(value)
        if isinstance(value, dict):
            return {key: self.plain(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.plain(one, depth + 1) for one in value]
        return value

    def counted(self, array: np.ndarray) -> np.ndarray:
        """An array of NumPy's, refused if there are too many numbers."""
        self.numbers += array.size
        check_count(self.name, self.numbers or 1)
        self.kinds.add(str(array.dtype))
        return array

    def array(self, tensor: "torch.Tensor") -> np.ndarray:
        """A tensor's numbers, refused before they are copied if there are too many."""
        import torch

        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
            raise DataError(f"{self.name} holds a tensor that is sparse, quantised or complex.")
        if tensor.is_meta:
            raise DataError(f"{self.name} holds a tensor without its numbers: export it again.")
        self.numbers += tensor.numel()
        check_count(self.name, self.numbers or 1)
        self.kinds.add(str(tensor.dtype).removeprefix("torch."))
        kept = tensor.detach()
        return (kept if kept.dtype == torch.float64 else kept.float()).contiguous().numpy()
