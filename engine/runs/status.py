"""What is loaded now, as the engine card shows it. Knows nothing of how it came there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from engine.configs.core import PRESETS

if TYPE_CHECKING:
    from engine.model.forward import Forward
    from engine.model.selftests.verdicts import Check


@dataclass(frozen=True, kw_only=True)
class EngineStatus:
    """What the engine card shows."""

    state: Literal["not loaded", "loading", "ready", "failed"] = "not loaded"
    model: dict[str, Any] | None = None
    """name, title, blocks, hidden, dtype, device, adapter, kind."""
    checks: tuple["Check", ...] = ()
    memory_used: int = 0
    memory_total: int = 0
    error: str | None = None


def card_of(door: "Forward") -> dict[str, Any]:
    """What the engine card shows of a loaded model."""
    loaded = door.loaded
    preset = PRESETS.get(loaded.config.model)
    return {
        **loaded.identity(),
        "name": loaded.config.model,
        "title": preset.title if preset else loaded.config.short_name,
        "kind": "blocks by hand" if door.is_segmented else "hooks",
        "notes": list(loaded.notes),
    }
