"""What tests of one process share: self-tests of the same files, and objects nobody walks again.

A tenth of the time of the engine's tests went into self-tests of the few models that they all
load, and a twentieth into garbage collections that walked all of torch. The modules in `LIVE`
share neither, and while a test has the engine's code changed its self-tests are taken anew. Knows
nothing of what is tested.
"""

import gc
import weakref
from typing import Any

import pytest

LIVE = (
    "test_adapter_switch", "test_checks", "test_collection", "test_doors", "test_engine",
    "test_memory", "test_one_set_of_weights", "test_red_checks", "test_several_adapters",
    "test_two_models",
)  # fmt: skip
"""Modules whose tests are of loading, of self-tests or of memory."""
_is_live = [True]
"""Whether the module that is tested is one of those."""
_patches: weakref.WeakSet[pytest.MonkeyPatch] = weakref.WeakSet()
"""All that change code for as long as a test or a part of it lasts."""
_found: dict[tuple[Any, ...], list[Any]] = {}
"""What the self-tests found, where all passed and no way was given up."""


def install() -> None:
    """Share from now on; what was imported so far is not walked again."""
    from engine.model import collection
    from engine.runs import doors

    checked, set_aside, walk = doors._checked, collection.set_aside, collection.walk
    doors._checked = lambda door: (
        checked(door) if _is_live[0] or _is_changed() else _known(door, checked)
    )
    # To walk all that was set aside would walk what is set aside below, too.
    collection.set_aside = lambda: set_aside() if _is_live[0] else None
    collection.walk = lambda: walk() if _is_live[0] else gc.collect()
    begun = pytest.MonkeyPatch.__init__

    def begin_and_note(patch: pytest.MonkeyPatch) -> None:
        begun(patch)
        _patches.add(patch)

    pytest.MonkeyPatch.__init__ = begin_and_note
    _keep()


def begin(item: pytest.Item) -> None:
    """The next test: whether it shares."""
    was_live, _is_live[0] = _is_live[0], item.path.stem in LIVE
    if was_live and not _is_live[0] and gc.get_freeze_count() == 0:
        _keep()


def _is_changed() -> bool:
    """Whether any code or table is changed now; folders and variables do not count."""
    return any(patch._setattr or patch._setitem for patch in _patches)


def _keep() -> None:
    gc.collect()
    gc.freeze()


def _known(door: Any, checked: Any) -> list[Any]:
    """The self-tests of a door, taken once for the same files in the same precision."""
    loaded = door.loaded
    if loaded.more:
        return checked(door)
    files = loaded.source.fingerprint, loaded.source.adapter_fingerprint
    way = _way(door)
    key = (*files, str(loaded.dtype), str(loaded.device), loaded.config.date, way)
    if key not in _found:
        found = checked(door)
        if _way(door) != way or not all(one.passed for one in found):
            return found
        _found[key] = found
    door.checks, loaded.red = list(_found[key]), ()
    return list(_found[key])


def _way(door: Any) -> tuple[bool, ...]:
    return door.is_segmented, door.keeps_past, door.depends_on_length
