"""A search that was stopped or killed goes on from its last step, to the same bits."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine import finders
from engine.configs.core import ModelConfig
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.errors import Cancelled
from engine.progress import silent
from engine.runs.engine import Engine
from engine.store.steps import Steps
from engine.store.store import Store
from engine.store.units import Partial
from tests import tiny

LAYERS = {"source_layer": 1, "target_layer": 3, "vectors": 4}
SEARCHES = [
    MelboConfig(**LAYERS, steps=6, variant="study"),
    MelboConfig(**LAYERS, steps=6),
    PowerIterationConfig(**LAYERS, iterations=6, variant="study"),
    PowerIterationConfig(**LAYERS, iterations=6, variant="powers", tolerance=1e-9),
    PowerIterationConfig(**LAYERS, iterations=6, tolerance=1e-9),
]


class Gradients:
    """Counts the gradients that are taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        original = torch.autograd.grad

        def counting(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(torch.autograd, "grad", counting)

    def take(self) -> int:
        """How many since this was asked last."""
        taken, self.count = self.count, 0
        return taken


def stopping(after: int) -> Any:
    """A progress that stops the work at its report number `after`."""
    seen: list[int] = []

    def progress(done: int, total: int, message: str = "", **metrics: float) -> None:
        seen.append(done)
        if len(seen) == after:
            raise Cancelled("search")

    return progress


def same(one: Any, other: Any) -> bool:
    """Whether two searches found the same, bit for bit."""
    # As text, in which one nan is like another.
    return torch.equal(one.vectors, other.vectors) and str((one.scores, one.history)) == str(
        (other.scores, other.history)
    )


@pytest.mark.parametrize("config", SEARCHES, ids=lambda c: f"{c.method}-{c.variant}")
def test_a_stopped_search_does_no_step_twice_and_ends_in_the_same_bits(
    config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, gradients = tiny.door("qwen3"), Gradients(monkeypatch)
    whole = finders.find(door, config, silent)
    all_at_once = gradients.take()
    with pytest.raises(Cancelled), Steps(Partial(tmp_path)) as steps:
        finders.find(door, config, stopping(3), steps)
    before = gradients.take()

    with Steps(Partial(tmp_path)) as steps:
        found = finders.find(door, config, silent, steps)

    assert same(found, whole)
    # A search that goes on draws the graph of its Jacobian once more.
    again = 1 if config.method == "power-iteration" else 0
    assert 0 < before - again < all_at_once
    assert before + gradients.take() == all_at_once + again


def test_a_kill_costs_the_steps_since_the_last_were_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, gradients, config = tiny.door("llama"), Gradients(monkeypatch), SEARCHES[0]
    whole = finders.find(door, config, silent)
    gradients.take()
    # What is not left as a context is as good as killed.
    with pytest.raises(Cancelled):
        finders.find(door, config, stopping(4), Steps(Partial(tmp_path), every=0.0))
    with pytest.raises(Cancelled):
        finders.find(door, config, stopping(6), Steps(Partial(tmp_path)))
    gradients.take()

    found = finders.find(door, config, silent, Steps(Partial(tmp_path)))

    assert same(found, whole)
    assert gradients.take() == config.steps + 1 - 4


def test_a_torn_file_costs_its_steps_and_what_came_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, gradients, config = tiny.door("qwen3"), Gradients(monkeypatch), SEARCHES[1]
    whole = finders.find(door, config, silent, Steps(Partial(tmp_path), every=0.0))
    gradients.take()
    third = sorted(tmp_path.iterdir())[2]
    third.write_bytes(third.read_bytes()[:-9])

    found = finders.find(door, config, silent, Steps(Partial(tmp_path)))

    assert same(found, whole)
    assert gradients.take() == config.steps + 1 - 2


def test_steps_of_another_path_are_not_believed(tmp_path: Path) -> None:
    def double(rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        done.append(float(rows.sum()))
        return (2 * rows, rows.sum(1))

    done: list[float] = []
    ones, twos = torch.ones(2, 3), torch.full((2, 3), 2.0)
    first = Steps(Partial(tmp_path), every=0.0).remembering(double)
    for rows in (ones, ones, ones):
        first(rows)
    done.clear()

    second = Steps(Partial(tmp_path), every=0.0).remembering(double)
    gave = [second(rows) for rows in (ones, twos, ones)]

    # The first is remembered; the third is what was asked third before, but on another path.
    assert done == [12.0, 6.0]
    assert torch.equal(gave[0][0], 2 * ones)
    assert torch.equal(gave[0][1], ones.sum(1))
    assert torch.equal(gave[1][0], 2 * twos)
    third = Steps(Partial(tmp_path)).remembering(double)
    assert [third(rows)[1].sum() for rows in (ones, twos, ones)] == [6.0, 12.0, 6.0]
    assert len(done) == 2


def test_the_engine_goes_on_with_a_search_and_leaves_nothing_behind(tmp_path: Path) -> None:
    model = ModelConfig(model=str(tiny.save_folder(tmp_path / "model")))
    config = MelboConfig(model=model, **LAYERS, steps=6)
    plain, stopped = Engine(Store(tmp_path / "a")), Engine(Store(tmp_path / "b"))
    digest = plain.run(config, silent)
    with pytest.raises(Cancelled):
        stopped.run(config, stopping(5))
    kept = stopped.store.partial(digest)
    assert kept.units()

    assert stopped.run(config, silent) == digest

    found = [one.store.load_vectors(digest) for one in (plain, stopped)]
    assert (found[0].vectors == found[1].vectors).all()
    assert found[0].history == found[1].history
    assert not kept.folder.exists()
