"""Vector files of other tools, taken into the store by a program as `audit --keep` does it."""

from pathlib import Path
from typing import Any, Literal

from engine.configs import keywords
from engine.configs.core import SiteKind
from engine.foreign import adopting
from engine.foreign.formats.values import OPERATIONS, ROWS, Given
from engine.program.objects import ShownVectors
from engine.store.store import Store

FACTS: dict[str, Any] = {
    "model": str | None,
    "layer": int | None,
    "site": SiteKind | None,
    "operation": Literal[OPERATIONS] | None,
    "index": tuple[int, ...],
}
"""What a program may state of a file, and of which type it is."""


class TakingIn:
    """The verb that reads vectors made elsewhere."""

    store: Store

    def take_in(self, file: str | Path, **stated: Any) -> ShownVectors:
        """Vectors `[vectors, hidden]` of another tool's file, kept as a record of the store.

        Values, in units of the residual stream, and signs are taken as they stand in the file.
        What is stated here is needed only where the file itself does not say it.

        Args:
            file: GGUF, `.pt`, `.svec`, safetensors, `.npy`, `.npz` or JSON, known by its content.
            stated: `model=`, a preset, hub id or folder; `layer=`, the block of all vectors counted
                from 0, or "rows" where row L is of block L; `site=`, "block_out", "block_in" or
                "mlp_out"; `operation=`, "add", "subtract" or "ablate"; `index=`, the rows or
                features that are meant, counted from 0.

        Raises:
            DataError: If it cannot be read, holds no vectors, or a fact has to be stated first.
            ConfigError: If what is stated has a wrong type or is no known word.
        """
        keywords.refuse_others("take_in", stated, FACTS)
        facts = {
            name: value
            if (name, value) == ("layer", ROWS)
            else keywords.fit(name, FACTS[name], value)
            for name, value in stated.items()
        }
        if "index" in facts:
            facts["index"] = tuple(facts["index"])
        digest = adopting.adopt_file(Path(file), self.store, Given(**facts))
        return ShownVectors(self.store.load_vectors(digest))
