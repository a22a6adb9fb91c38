"""The one set of weights in memory, and the doors to it: the base model, and each adapter on it.

Knows nothing of jobs or stores. Importing it does not import torch.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.configs.core import TEMPLATE_DATE, ModelConfig
from engine.configs.registry import Run
from engine.model import collection
from engine.model.identity import resolve, sources
from engine.progress import Progress, silent

if TYPE_CHECKING:
    from engine.model.forward import Forward
    from engine.model.loading import LoadedModel
    from engine.model.selftests.verdicts import Check

MOST = 4
"""Doors that stay open; each with an adapter keeps the adapter's weights."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A door, with its self-tests."""

    door: "Forward"
    checks: tuple["Check", ...]

    def refuse(self, run: Run) -> None:
        """Refuse a kind of run that would be wrong here, as the self-tests say.

        Raises:
            ModelError: If one is red that speaks of what the run uses.
        """
        from engine.model.selftests import verdicts

        verdicts.refuse(self.checks, run.uses, self.door.loaded.config.short_name)


class Doors:
    """Opens doors to one model at a time; whoever calls it holds a lock."""

    def __init__(self, root: Path, sizes: Path) -> None:
        """Nothing is loaded.

        Args:
            root: Repository root, where presets lie.
            sizes: Folder that remembers the sizes of batches.
        """
        self._root, self._sizes = root, sizes
        self._base: LoadedModel | None = None
        self._open: dict[ModelConfig, Opened] = {}

    def known(self, model: ModelConfig, progress: Progress = silent) -> Opened | None:
        """The open door of a config, if it is still what the files on disk are.

        Args:
            model: The config.
            progress: Told how much of the files is read, where they are not known yet.

        Raises:
            ModelError: If the files are gone.
        """
        now = [one.as_dict() for one in sources(model, self._root, progress)]
        found = self._open.get(model)
        if found is None:
            return None
        loaded = found.door.loaded
        if [one.as_dict() for one in (loaded.source, *loaded.more)] != now:
            return None
        # The one used last is the last to go.
        self._open[model] = self._open.pop(model)
        return found

    def open(self, model: ModelConfig, progress: Progress = silent) -> Opened:
        """Open a door; weights in memory are used again if they are this model's.

        Raises:
            ModelError: If the model or its adapter cannot be loaded.
        """
        from engine.model import forward, loading

        # Each door tells its own date to the template; the weights serve them all.
        base = _base_of(model)
        self._open.pop(model, None)
        if self._base is None or not self._is_base(base):
            self.close()
            self._base = loading.load(base, self._root, progress)
            self._base.sizes.keep_in(self._sizes)
        try:
            loaded = loading.with_adapter(self._base, model, self._root)
        except RuntimeError:
            # What went wrong within PEFT may have reached the base's weights.
            self.close()
            raise
        door = forward.Forward(loaded)
        found = self._open[model] = Opened(door, tuple(_checked(door)))
        if len(self._open) > MOST:
            del self._open[next(iter(self._open))]
            loading.free_memory()
        collection.set_aside()
        return found

    def holds(self, model: ModelConfig) -> bool:
        """Whether the weights in memory are this model's, with whatever adapter."""
        return self._is_base(_base_of(model))

    def hurried(self) -> AbstractContextManager[None]:
        """Before all jobs, in the passes of the model in memory."""
        assert self._base is not None
        return self._base.switch.lock.hurried()

    def _is_base(self, base: ModelConfig) -> bool:
        if self._base is None or self._base.config != base:
            return False
        return self._base.source.as_dict() == resolve(base, self._root).as_dict()

    def close(self) -> None:
        """Give all memory back."""
        if self._base is None:
            return
        from engine.model import loading

        self._base = None
        self._open = {}
        loading.free_memory()


def _base_of(model: ModelConfig) -> ModelConfig:
    return replace(model, adapter=None, more_adapters=(), date=TEMPLATE_DATE)


def _checked(door: "Forward") -> list["Check"]:
    """The self-tests of a door with each of its adapters; a way that fails one is given up."""
    from engine.model import checks
    from engine.model.selftests import verdicts

    loaded = door.loaded
    if not loaded.more:
        return checks.run_checks(door)
    way: tuple[bool, bool] | None = None
    found: list[Check] = []
    # Again for all where one of them gave a way up.
    while way != (door.is_segmented, door.keeps_past):
        way, found = (door.is_segmented, door.keeps_past), []
        for name, one in loaded.adapters.items():
            door.loaded = replace(loaded, adapters={name: one})
            try:
                own = checks.run_checks(door)
            finally:
                door.loaded = loaded
            found += [replace(check, name=f"{name}: {check.name}") for check in own]
    door.checks, loaded.red = found, verdicts.notes(found)
    return found
