"""What a sweep points its operators along, at which sites, and the ground it stands on.

The ground is laid once: questions, residual norms, usual states. Several operators may be aimed on
it. Knows nothing of strengths and of how rows are asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from engine.configs.core import PRESETS, Site
from engine.configs.steering.interventions import TARGETED, Operation
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab
from engine.evaluators.readings import likelihood
from engine.evaluators.readings.asked import Asked
from engine.evaluators.rows import (
    CONTROL_SEED,
    Aim,
    chosen_vectors,
    control_aims,
    isotropic,
    sites_of,
    vector_aims,
)
from engine.evaluators.steering import columns, gating
from engine.evaluators.steering.making import Maker
from engine.evaluators.steering.sides import Samples
from engine.evaluators.steering.usual import Usual
from engine.finders.random_control import directions, spread_states
from engine.model.edits import reached_block
from engine.model.forward import Forward
from engine.records.records import Question, VectorSet
from engine.statistics import yardsticks
from engine.statistics.yardsticks import Place


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """A sweep's questions, and what is usual at the sites that it changes."""

    sweep: Asked
    chosen: list[tuple[VectorSet, int]]
    """Set and index of every vector that is measured."""
    sets: Mapping[str, VectorSet]
    """All sets that the config names."""
    vector_sites: list[Site]
    """Of the vectors themselves, each once; where there are none, that of the controls."""
    residuals: Mapping[Site, float]
    usual: Usual
    samples: Samples


def ground(
    door: Forward,
    config: EvaluateConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
) -> Ground:
    """Render the questions, and measure residual norms at every site that will be changed.

    Args:
        door: The model.
        config: The sweep; its operation does not count.
        sets: The stored sets, one per `config.vectors`, then those that it names else.
        questions: What to ask.

    Raises:
        EngineError: If a site does not exist in the model or A and B are not single tokens.
    """
    named = {found.digest: found for found in sets}
    for found in named.values():
        _check_fits(found, door)
    own = sets[: len(config.vectors)]
    chosen = chosen_vectors(own, config)
    vector_sites = _sites(config, chosen)
    sites = [site for one in vector_sites for site in sites_of(one, config, door.blocks)]
    for site in sites:
        door.check_layer(site.block, "layer")
    every = list(dict.fromkeys((*sites, *vector_sites)))
    gate = config.gate
    first = [reached_block(site) for site in every]
    after = min([*first, *([] if gate is None else [gate.block])])
    sweep = asked(door, questions, config, after)
    usual = Usual.of(door, config.usual, config.system, config.which)
    residuals = ab.residual_norms(sweep, every)
    samples = Samples(door)
    return Ground(
        sweep=sweep,
        chosen=chosen,
        sets=named,
        vector_sites=vector_sites,
        residuals=residuals,
        usual=usual,
        samples=samples,
    )


def asked(
    door: Forward, questions: Sequence[Question], config: EvaluateConfig, after: int
) -> Asked:
    """Questions by a sweep's reading, for rows that change nothing before a block's output.

    Raises:
        EngineError: If A and B are not single tokens.
    """
    read = likelihood if config.reading == "likelihood" else ab
    return read.prepare(door, questions, config, after)


@dataclass(frozen=True, kw_only=True, eq=False)
class Aimed:
    """One operator with all it is pointed along."""

    maker: Maker
    aims: list[Aim]
    """The vectors, then their controls."""


def aimed(ground: Ground, config: EvaluateConfig, operation: Operation | None = None) -> Aimed:
    """Point an operator along the chosen vectors and their controls.

    Args:
        ground: What is asked, and what is usual.
        config: The sweep.
        operation: Another operator than the config's.

    Raises:
        ConfigError: If the operator needs what a vector does not have.
    """
    how = config if operation is None else _with(config, operation)
    door = ground.sweep.door
    maker = Maker(
        how=how,
        residuals=ground.residuals,
        usual=ground.usual,
        second=columns.named(how.second, ground.sets),
        gate=gating.gate_at(how.gate, ground.sets, door, ground.usual),
    )
    if how.operation != "add":
        # All blocks in one pass a prompt.
        ground.usual.know([site for site in ground.residuals if site.kind != "mlp_out"])
    aims = vector_aims(ground.chosen, how, door.blocks, ground.samples)
    places = yardsticks.places_of(ground.chosen, how.scale_unit == "relative")
    places = places or [Place(ground.vector_sites[0], 1.0)]
    units = unit_controls(places, how, ground.sweep)
    return Aimed(maker=maker, aims=aims + control_aims(aims, places, how, units, door.blocks))


def _with(config: EvaluateConfig, operation: Operation) -> EvaluateConfig:
    """The same sweep by another operator; its scales, which are not asked, only have to pass.

    A target and a second direction are left to the operators that have one.
    """
    return replace(
        config,
        operation=operation,
        target=config.target if operation in TARGETED else None,
        second=config.second if operation == "angular" else None,
        scales=(1.0,),
        scale_unit="absolute",
    )


def unit_controls(
    places: Sequence[Place], config: EvaluateConfig, sweep: Asked
) -> list[torch.Tensor]:
    """Unit directions of every yardstick's controls, uniform or as the residual stream spreads.

    The states are those of the first questions.
    """
    if config.control_kind == "isotropic":
        return isotropic(places, config, sweep.door.hidden)
    count = min(ab.NORM_QUESTIONS, len(sweep.questions))
    prompts = [sweep.prompt(question) for question in range(count)]
    states: dict[Site, torch.Tensor] = {}
    found = []
    for number, (site, _) in enumerate(places):
        if site not in states:
            states[site] = spread_states(sweep.door, prompts, site)
        width, seed = states[site].shape[1], config.seed + CONTROL_SEED + number
        count = config.controls
        found.append(directions(config.control_kind, count, width, seed, states[site]))
    return found


def _check_fits(found: VectorSet, door: Forward) -> None:
    columns.check_width(found, door)
    for site in found.sites:
        door.check_layer(site.block, f"block of the vectors of {found.digest}")


def _sites(config: EvaluateConfig, chosen: Sequence[tuple[VectorSet, int]]) -> list[Site]:
    sites = [found.sites[index] for found, index in chosen]
    if not sites:
        preset = PRESETS.get(config.model.model)
        sites = [Site(block=preset.source_layer if preset else 0)]
    return list(dict.fromkeys(sites))
