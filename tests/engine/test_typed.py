"""Every config refuses, in one sentence, a value of another type than its field has."""

import copy
import dataclasses
import re
from typing import get_type_hints

import pytest

from engine.configs import registry
from engine.configs.chats import Chip, Pane, Settings, Turn
from engine.configs.core import ModelConfig, PromptsConfig, Site, VectorRef
from engine.configs.finders import MelboConfig
from engine.configs.grids import BlendPart, Configuration
from engine.configs.reads.drift import DriftAsk, Spoken
from engine.configs.reads.strips import Passage, StripAsk, VectorAt
from engine.configs.steering.interventions import Intervention
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError

PARTS = [
    BlendPart, Chip, Configuration, DriftAsk, Intervention, ModelConfig, Pane, Passage,
    PromptsConfig, Settings, Site, Spoken, StripAsk, Turn, VectorAt, VectorRef,
]  # fmt: skip
CONFIGS = list({run.config: None for run in registry.RUNS}) + PARTS
FIELDS = [
    pytest.param(config, one.name, id=f"{config.__name__}.{one.name}")
    for config in CONFIGS
    for one in dataclasses.fields(config)
    if one.init
]
NO_TEXTS = [
    one
    for one in FIELDS
    if not {"str", "Literal"}
    & {*re.findall(r"\w+", str(get_type_hints(one.values[0])[one.values[1]]))}
]
"""Fields where no text may stand."""


class Odd:
    """What no field is of."""

    def __repr__(self) -> str:
        return "<odd>"


@pytest.mark.parametrize(("config", "name"), FIELDS)
def test_a_field_refuses_what_no_field_is_of(config, name) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} is <odd>, but must be .+\.$"):
        config(**{name: Odd()})


@pytest.mark.parametrize(("config", "name"), NO_TEXTS)
def test_a_number_or_a_tuple_is_not_read_from_a_text(config, name) -> None:
    with pytest.raises(ConfigError, match=rf"^{name} is '3', but must be .+\.$"):
        config(**{name: "3"})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Chip(digest="1c0b54aa03fe", scale="3"), "scale is '3', but must be a number."),
        (lambda: Site(block=True), "block is True, but must be a whole number."),
        (lambda: MelboConfig(steps=2.0), "steps is 2.0, but must be a whole number."),
        (lambda: MelboConfig(variant=3), "variant is 3, but must be 'orthogonal' or 'study'."),
        (lambda: MelboConfig(model="demo"), "model is 'demo', but must be a ModelConfig."),
        (
            lambda: EvaluateConfig(vectors=("1c0b54aa03fe",)),
            "vectors is ('1c0b54aa03fe',), but must be a tuple, each of it a VectorRef.",
        ),
        (
            lambda: EvaluateConfig(scales=[1.0]),
            "scales is [1.0], but must be a tuple, each of it a number.",
        ),
        (
            lambda: VectorRef(digest="1c0b54aa03fe", indices=(0, "1")),
            "indices is (0, '1'), but must be a tuple, each of it a whole number or None.",
        ),
        (
            lambda: registry.of("melbo"),
            "melbo is no config: give one, such as MelboConfig(steps=20).",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_what_was_given_and_what_is_possible(make, words) -> None:
    with pytest.raises(ConfigError) as refused:
        make()

    assert str(refused.value) == words


def test_a_config_is_still_replaced_and_copied() -> None:
    one = MelboConfig(steps=3)

    assert dataclasses.replace(one, steps=50) == MelboConfig()
    assert copy.deepcopy(one) == one
    with pytest.raises(ConfigError, match="steps is '3'"):
        dataclasses.replace(one, steps="3")
