"""Input that a person could mend gets exit code 2 and one sentence from the command line.

The whole search has a command of its own: `python -m tests.engine.fuzz_commands`.
"""

import random

import pytest

from engine.configs.grids import GenerateConfig
from engine.configs.sound import refuse_odd
from engine.errors import ConfigError
from engine.records import strict
from engine.store.store import Store
from tests.engine import fuzz_commands

SOME = 25
"""Command lines that are drawn from those that need no model."""
QUICK = {"show", "list", "audit", "similarity", "import", "export"}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> fuzz_commands.World:
    return fuzz_commands.World(tmp_path_factory.mktemp("world"))


ODD = [
    ("find", "random", "--seed=-1", "The seed is -1, but must be 0 or more."),
    ("find", "random", f"--seed={fuzz_commands.HUGE}", "seed is too large: use a number below"),
    ("generate", f"--top-k={fuzz_commands.HUGE}", "At temperature 0 top-k and top-p change nothi"),
    ("generate", "--prompt=a\ud800b", "a\\ud800b' is no text: write it in UTF-8."),
    ("generate", "--system=\0", "is no text: write it in UTF-8."),
    ("generate", f"--prompts={'x' * 300}", "cannot be read (File name too long)"),
    ("find", "random", f"--store=/{'x' * 300}", "cannot be used (File name too long)"),
    ("find", "random", "--device=vulkan", "Device 'vulkan' is not"),
    ("find", "contrastive", "--pairs={deep}", "is neither JSON nor JSON Lines"),
    (
        "find",
        "contrastive",
        "--position=answer-mean",
        "--pairs={lone}",
        "holds questions without a positive",
    ),
    ("find", "contrastive", "--pairs={half}", "is neither JSON nor JSON Lines"),
    ("find", "contrastive", "--pairs={number}", "holds no prompt"),
    ("generate", "--layers=\u00b2", "Layers '\u00b2' are not known"),
    ("generate", "--positions=last-\u00b2", "Positions 'last-\u00b2' are not known"),
    ("list", "--store={deep}", "is a file: name a folder"),
    ("audit", "{pickle}", "pickle.pt"),
]


@pytest.mark.parametrize(
    "case", ODD, ids=lambda case: " ".join(case[:-1])[:40].encode("unicode_escape").decode()
)
def test_what_can_be_mended_is_said_in_one_sentence(case, world, tmp_path) -> None:
    *arguments, sentence = case
    files = {"lone": '[{"question": "Well?"}]', "half": '[{"question": "\\ud800"}]', "number": "1"}
    files |= {"deep": "[" * 100_000}
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(content)
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    places = {name: str(tmp_path / f"{name}.json") for name in files}
    places["pickle"] = str(tmp_path / "pickle.pt")
    given = [one.format(**places) if "{" in one else one for one in arguments]
    usual = world.usual()[tuple(given[:2]) if given[0] == "find" else (given[0],)]
    name = given[-1].split("=")[0]
    rest = [] if given[0] == "audit" else fuzz_commands.without(usual, name)

    found = fuzz_commands.tried(world, (*given, *rest))

    assert not found.is_wrong, found.error
    assert found.code == 2
    assert sentence in found.error


def test_no_odd_value_of_an_option_is_a_traceback(world) -> None:
    every = [line for line in fuzz_commands.lines(world) if line[0] in QUICK]

    outcomes = [fuzz_commands.tried(world, line) for line in random.Random(0).sample(every, SOME)]

    assert not [one for one in outcomes if one.is_wrong]
    assert sum(one.code == 2 for one in outcomes) > SOME / 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prompts": ("a", "b\udcff")}, "prompts is 'b\\udcff', which is no text"),
        ({"neutral": 2**53 + 1}, "neutral is too large: use a number below"),
        ({"seed": -1}, "The seed is -1, but must be 0 or more"),
    ],
)
def test_values_that_no_record_can_hold_are_refused(changes, sentence) -> None:
    with pytest.raises(ConfigError) as refused:
        refuse_odd(GenerateConfig(**changes))
    assert sentence in str(refused.value)
    refuse_odd(GenerateConfig(prompts=("ü\n\u202e",), seed=2**53))


@pytest.mark.parametrize("text", ["[" * 100_000, '["\\uD800"]', "{", "9" * 5000])
def test_json_that_cannot_be_used_is_one_kind_of_error(text) -> None:
    with pytest.raises(ValueError, match=r"deep|surrogates|Expecting|digits"):
        strict.loads(text)
    assert strict.loads('["\\ud83d\\ude00", "\\\\ud800"]') == ["\U0001f600", "\\ud800"]


def test_memory_that_a_setting_asks_for_and_is_not_there_is_told(world, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError(message)

    message = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 274877906944 bytes"
    monkeypatch.setattr(Store, "list", refuse)
    arguments = ("list", "--store", str(world.store))

    found = fuzz_commands.tried(world, arguments)
    message = "Something else went wrong."
    other = fuzz_commands.tried(world, arguments)

    assert (found.code, found.error) == (
        2,
        "There is not enough memory for this: ask for less at once.",
    )
    assert other.code is None
