"""NumPy arrays within a torch file, rebuilt from their bytes, and pickles that are refused.

NumPy's own rebuilding trusts what a file says of its types; ours takes plain numbers only, and none
of NumPy's code runs. Knows nothing of layouts.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.errors import DataError
from engine.foreign.formats.limits import check_count

_KINDS = frozenset({"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"})
_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How files begin that older torch wrote: the number 0x1950a86a20f9469cfc6c, pickled."""
_JOBLIB = (b"joblib", b"numpy_array_wrapper", b"NumpyArrayWrapper")


class Kind:
    """Stands in for `numpy.dtype`: a type of number and the order of its bytes."""

    def __init__(self, word: Any = "", *_: Any) -> None:
        """Keep the type's name; it is checked when it is used."""
        self.word, self.order = str(word), "="

    def __setstate__(self, state: Any) -> None:
        """Keep the order of bytes, the second of what NumPy writes."""
        self.order = state[1] if state[1] in ("<", ">", "=") else "="

    def plain(self, name: str) -> np.ndarray:
        """No value of its own.

        Raises:
            DataError: Always: a type is no array.
        """
        raise DataError(f"{name} holds a type of number where an array was expected.")

    def own(self, name: str) -> np.dtype:
        """The type in NumPy's terms.

        Raises:
            DataError: If it is not one of plain numbers.
        """
        if self.word not in _KINDS:
            raise DataError(
                f"{name} holds an array of {self.word[:20]!r}, which is no plain number: save "
                "float32."
            )
        order: Any = self.order
        return np.dtype(self.word).newbyteorder(order)


class Array:
    """Stands in for `numpy.ndarray`: its shape, type and bytes."""

    def __init__(self, *_: Any) -> None:
        """Empty, until its state is set."""
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """What NumPy writes: version, shape, type, whether columns come first, bytes."""
        self.state = state

    def plain(self, name: str) -> np.ndarray:
        """The array.

        Raises:
            DataError: If its bytes are not those of its shape, or no plain numbers.
        """
        _, shape, kind, by_columns, raw = self.state
        if not isinstance(kind, Kind) or not isinstance(raw, bytes):
            raise DataError(f"{name} holds an array of Python objects: save plain numbers.")
        found = np.frombuffer(raw, kind.own(name))
        check_count(name, found.size)
        found = found.reshape(shape, order="F" if by_columns else "C")
        return found.astype(np.float64 if found.dtype == np.float64 else np.float32)


def _array(*_: Any) -> Array:
    return Array()


def _scalar(kind: Kind, raw: bytes) -> Any:
    return np.frombuffer(raw, kind.own("The file"), 1)[0].item()


ARRAYS: tuple[tuple[Callable[..., Any], str], ...] = (
    (Array, "numpy.ndarray"),
    (Kind, "numpy.dtype"),
    (_array, "numpy.core.multiarray._reconstruct"),
    (_array, "numpy._core.multiarray._reconstruct"),
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
)
"""What stands in for NumPy's classes and functions, by their names in a pickle."""


def refuse(name: str, content: bytes) -> None:
    """Refuse a pickle that no torch wrote.

    Raises:
        DataError: With the true reason, if it is one.
    """
    if content.startswith(_TORCH):
        return
    kind = "joblib file, a Python pickle" if any(w in content[:4096] for w in _JOBLIB) else (
        "Python pickle"
    )  # fmt: skip
    raise DataError(
        f"{name} is a {kind}, which would run code when read, so it was not opened: save plain "
        "arrays, as numpy.savez(path, vectors=array)."
    )


def refuse_named(name: str, suffix: str) -> None:
    """Refuse what its ending or its compression says is a pickle.

    Raises:
        DataError: Always, with the true reason.
    """
    kind = "joblib file, a Python pickle" if suffix == ".joblib" else "Python pickle"
    if suffix not in (".joblib", ".pkl", ".pickle"):
        kind = "compressed stream, as joblib writes pickles"
    raise DataError(
        f"{name} is a {kind}, which would run code when read, so it was not opened: save plain "
        "arrays, as numpy.savez(path, vectors=array)."
    )
