"""What a GGUF file says of itself, refused where it is no whole language model.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, read by the `gguf` package.
Knows nothing of torch and of what the settings mean.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ModelError
from engine.model.gguf.cursor import MAGIC

ENDING = ".gguf"
PARTS = "split.count"
FLOATS = ("F64", "F32", "F16", "BF16")
"""Types of weights that are not quantised."""
_AGAIN = "give a whole GGUF of a language model, or download it again."


@dataclass(frozen=True, eq=False)
class Header:
    """The settings and the table of tensors of one file; weights stay on the disk."""

    name: str
    """The file's own name."""
    architecture: str
    settings: dict[str, Any]
    """Every field by its whole key; arrays as lists."""
    tensors: dict[str, Any]
    """The reader's tensors by name."""

    def own(self, key: str, default: Any = None) -> Any:
        """A setting of its architecture, by the key's end."""
        return self.settings.get(f"{self.architecture}.{key}", default)

    @property
    def own_keys(self) -> tuple[str, ...]:
        """The ends of all keys of its architecture."""
        start = f"{self.architecture}."
        return tuple(key[len(start) :] for key in self.settings if key.startswith(start))

    @property
    def types(self) -> str:
        """The types of its quantised weights, those of most tensors first: "Q4_1, Q8_0"."""
        counts = Counter(one.tensor_type.name for one in self.tensors.values())
        return ", ".join(name for name, _ in counts.most_common() if name not in FLOATS)

    @property
    def parameters(self) -> int:
        """How many numbers its tensors hold."""
        return sum(int(one.n_elements) for one in self.tensors.values())


def read(path: Path) -> Header:
    """Open a file and check that all of it is there.

    Raises:
        ModelError: If it is no GGUF, is damaged, is one of several parts, or holds no model.
    """
    from gguf import GGUFReader

    try:
        with path.open("rb") as file:
            is_one = file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from error
    if not is_one:
        raise ModelError(f"{path.name} is named as a GGUF and is none: {_AGAIN}")
    try:
        reader = GGUFReader(str(path))
        settings = {str(key): field.contents() for key, field in reader.fields.items()}
        tensors = {str(one.name): one for one in reader.tensors}
        ends = [int(one.data_offset) + int(one.n_bytes) for one in reader.tensors]
    # The package has no error of its own: it stumbles over whatever is wrong.
    except Exception as error:
        raise damaged(path.name) from error
    if max(ends, default=0) > path.stat().st_size:
        raise ModelError(f"The GGUF {path.name} is cut off: its weights end early; {_AGAIN}")
    return _checked(Header(path.name, str(settings.get("general.architecture")), settings, tensors))


def damaged(name: str) -> ModelError:
    """Of a file that cannot be read to its end."""
    return ModelError(f"The GGUF {name} is damaged or cut off: {_AGAIN}")


def bare(name: str) -> ModelError:
    """Of a file without weights."""
    return ModelError(f"{name} holds a vocabulary and no weights: name a GGUF with both.")


def _checked(found: Header) -> Header:
    parts = found.settings.get(PARTS, 1)
    if isinstance(parts, int) and parts > 1:
        raise ModelError(
            f"{found.name} is one of {parts} parts of a GGUF: join them with llama-gguf-split "
            "--merge, and name the whole."
        )
    if found.architecture.endswith("vector"):
        raise ModelError(
            f"{found.name} holds steering vectors and no model: open it with `audit`, and name a "
            "model here."
        )
    if not found.tensors:
        raise bare(found.name)
    return found
