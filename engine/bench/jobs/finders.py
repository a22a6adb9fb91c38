"""MELBO and power iteration: a step, an iteration, and the whole way to a residual."""

from typing import Any, Literal

import torch
from torch import Tensor

from engine import finders
from engine.bench.arithmetic import Portion, Products, tokens_of
from engine.bench.setting import Job, Outcome, Setting, largest
from engine.bench.timing import Laps
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.finders import power_iteration
from engine.finders.jacobian import Jacobian
from engine.maths.directions import orthonormal_rows, random_directions, rayleigh_ritz
from engine.progress import silent

MELBO_TOKENS = 2
POWER_TOKENS = 4


def _pass(setting: Setting, last: int) -> Products:
    """One row from the source to the target's last positions."""
    length = len(setting.prompt)
    return setting.dimensions.span(
        setting.target - setting.source, tokens_of(length), tokens_of(length, length - last)
    )


def _melbo_config(
    setting: Setting, variant: Literal["orthogonal", "study"], steps: int
) -> MelboConfig:
    return MelboConfig(
        model=setting.door.loaded.config,
        prompts=setting.prompts,
        source_layer=setting.source,
        target_layer=setting.target,
        vectors=setting.sizes.melbo_vectors,
        steps=steps,
        tokens=MELBO_TOKENS,
        variant=variant,
        seed=setting.seed,
    )


def _study_melbo(setting: Setting, steps: int) -> tuple[Tensor, float]:
    """Displacements after so many steps, and the seconds of one step of all vectors."""
    door, laps = setting.door, Laps(setting.door.loaded.device)
    config = _melbo_config(setting, "study", steps)
    values = setting.study.melbo(
        setting.causal,
        setting.prompt,
        (config.source_layer, config.target_layer, config.tokens),
        random_directions(config.vectors, door.hidden, config.seed) * config.norm,
        steps,
        laps.mark,
    )
    return values, laps.typical * config.vectors


def melbo(setting: Setting) -> Job:
    """MELBO in the study's variant: independent restarts under Adam."""
    sizes, door = setting.sizes, setting.door
    config = _melbo_config(setting, "study", sizes.melbo_steps)

    def ours() -> Outcome:
        laps = Laps(door.loaded.device)
        found = finders.find(door, config, laps.mark)
        return Outcome(torch.tensor(found.scores["displacement"]), laps.typical)

    def study() -> Outcome:
        values, seconds = _study_melbo(setting, config.steps)
        return Outcome(values, seconds)

    count = config.vectors
    rows = count * len(setting.prompt)
    return Job(
        name="melbo",
        title=f"MELBO, one step of {count} vectors",
        study=study,
        ours=ours,
        flops=lambda _: [Portion(count * _pass(setting, MELBO_TOKENS).with_gradient, rows)],
        difference=largest,
        unit="of the displacement",
        tolerance=1e-4,
    )


def to_displacement(setting: Setting) -> Job:
    """The largest displacement after the study's steps: scale-free ascent against its Adam.

    The largest, because the study's restarts share directions and ours must not.
    """
    sizes, door = setting.sizes, setting.door
    steps = sizes.most_steps
    counted: list[Tensor] = []

    def found(variant: Literal["orthogonal", "study"], steps: int) -> tuple[Tensor, float]:
        """Largest displacement after 0 ... `steps` steps, and the seconds of one."""
        laps = Laps(door.loaded.device)
        config = _melbo_config(setting, variant, steps)
        result = finders.find(door, config, laps.mark)
        climbed = [*result.history["displacement"], result.scores["displacement"]]
        return torch.tensor(climbed).amax(1), laps.typical

    def ours() -> Outcome:
        climbed, seconds = found("orthogonal", max(1, steps // 5))
        aim = after_study()
        taken = int((climbed >= aim).nonzero()[0]) if bool((climbed >= aim).any()) else steps
        return Outcome(climbed.max(), seconds * taken, taken * sizes.melbo_vectors)

    def after_study() -> Tensor:
        # Counted once, with fast steps of the same value.
        counted[:] = counted or [found("study", steps)[0].max()]
        return counted[0]

    def study() -> Outcome:
        seconds = _study_melbo(setting, 2)[1]
        return Outcome(after_study(), seconds * steps, steps * sizes.melbo_vectors)

    def flops(outcome: Outcome) -> list[Portion]:
        gradients = (outcome.products or 0) * _pass(setting, MELBO_TOKENS).with_gradient
        return [Portion(gradients, sizes.melbo_vectors * len(setting.prompt))]

    return Job(
        name="to-displacement",
        title=f"MELBO to the largest displacement of {steps} of the study's steps",
        study=study,
        ours=ours,
        flops=flops,
        difference=lambda mine, other: max(0.0, float(1 - mine / other)),
        unit="of it missing",
        tolerance=0.0,
        counted="gradients",
    )


def _power_config(setting: Setting, **changes: Any) -> PowerIterationConfig:
    return PowerIterationConfig(
        model=setting.door.loaded.config,
        prompts=setting.prompts,
        source_layer=setting.source,
        target_layer=setting.target,
        vectors=setting.sizes.vectors,
        tokens=POWER_TOKENS,
        seed=setting.seed,
        **changes,
    )


def _study_powers(setting: Setting, iterations: int) -> tuple[Tensor, Tensor, float]:
    """Basis and sigmas after so many iterations, and the seconds of one."""
    door, laps = setting.door, Laps(setting.door.loaded.device)
    start = random_directions(setting.sizes.vectors, door.hidden, setting.seed)
    basis, sigmas = setting.study.power_iteration(
        setting.causal,
        setting.prompt,
        (setting.source, setting.target, POWER_TOKENS),
        start,
        iterations,
        laps.mark,
    )
    return basis, sigmas, laps.typical


def iteration(setting: Setting) -> Job:
    """Plain powers, the study's algorithm: what one iteration takes."""
    config = _power_config(setting, variant="study", iterations=setting.sizes.iterations)
    count = config.vectors
    rows = count * len(setting.prompt)

    def ours() -> Outcome:
        laps = Laps(setting.door.loaded.device)
        found = finders.find(setting.door, config, laps.mark)
        return Outcome(torch.tensor(found.scores["sigma"]), laps.typical)

    def study() -> Outcome:
        _, sigmas, seconds = _study_powers(setting, config.iterations)
        return Outcome(sigmas, seconds)

    return Job(
        name="power-iteration",
        title=f"Power iteration, one iteration of {count} vectors",
        study=study,
        ours=ours,
        flops=lambda _: [Portion(count * _pass(setting, POWER_TOKENS).gram, rows)],
        difference=largest,
        unit="of the largest sigma",
        tolerance=1e-4,
    )


def to_residual(setting: Setting) -> Job:
    """The top subspace to a stated residual: plain powers against block Lanczos."""
    sizes = setting.sizes
    config = _power_config(
        setting, variant="lanczos", tolerance=sizes.tolerance, iterations=sizes.most_iterations
    )
    counted: list[tuple[int, Tensor]] = []

    def ours() -> Outcome:
        found = finders.find(setting.door, config, silent)
        width = min(config.vectors, power_iteration.WIDTH)
        sigmas = torch.tensor(found.scores["sigma"])
        return Outcome(sigmas, None, len(found.history["sigma"]) * width)

    def study() -> Outcome:
        # How many iterations it takes is counted once, with fast products of the same value.
        counted[:] = counted or [_plain_powers(setting)]
        iterations, sigmas = counted[0]
        seconds = _study_powers(setting, 2)[2]
        return Outcome(sigmas, seconds * iterations, iterations * config.vectors)

    def flops(outcome: Outcome) -> list[Portion]:
        one = _pass(setting, POWER_TOKENS)
        needed = (outcome.products or 0) * one.gram + one.forward
        return [Portion(needed, config.vectors * len(setting.prompt))]

    return Job(
        name="to-residual",
        title=f"Top {config.vectors} directions to a residual of {sizes.tolerance:g}",
        study=study,
        ours=ours,
        flops=flops,
        difference=_relative,
        unit="of each sigma",
        # An eigenvalue is off by no more than its residual.
        tolerance=sizes.tolerance,
    )


def _plain_powers(setting: Setting) -> tuple[int, Tensor]:
    """Iterations until the whole block's residuals are small, and the sigmas it then has.

    The study rotates nothing, which would take longer still: the rotation is given to it.
    """
    sizes = setting.sizes
    jacobian = Jacobian(
        setting.door,
        [setting.prompt],
        setting.source,
        setting.target,
        POWER_TOKENS,
        sizes.vectors,
    )
    basis = orthonormal_rows(
        random_directions(sizes.vectors, setting.door.hidden, setting.seed).double()
    )
    count = 0
    while count < sizes.most_iterations:
        count += 1
        images = jacobian.gram(basis.float()).double()
        _, values, residuals = rayleigh_ritz(basis, images, sizes.vectors)
        if bool((residuals < sizes.tolerance).all()):
            break
        basis = orthonormal_rows(images)
    return count, values.clamp_min(0).sqrt().float()


def _relative(ours: Tensor, study: Tensor) -> float:
    return float(((ours - study) / study).abs().max())
