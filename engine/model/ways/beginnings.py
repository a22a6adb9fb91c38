"""Unsteered beginnings of prompts that are asked again and again, kept for the next time.

A slider that is moved asks the same prompt with another strength: all blocks up to the edited one
give what they gave before. Knows nothing of edits.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from torch import Tensor

from engine.model.blocks import RowCache

MOST = 8
"""Beginnings that are kept, the last used."""


class Begun(NamedTuple):
    """Prompts run up to a block."""

    hidden: Tensor
    """[prompts, tokens, hidden], the block's output."""
    past: RowCache
    """Keys and values of the blocks up to it."""


class Beginnings:
    """The last used; whoever calls it holds the model's lock."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._kept: OrderedDict[Hashable, Begun] = OrderedDict()

    def of(self, key: Hashable, run: Callable[[], Begun]) -> Begun:
        """What is kept under a key, or what `run` gives, which is kept from now on.

        Args:
            key: Names all that decides it: tokens, block and weights.
            run: Does the passes.
        """
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = run()
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found
