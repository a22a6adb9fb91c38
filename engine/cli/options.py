"""How the text of options becomes values."""

import re
from pathlib import Path

from engine.configs.core import STUDY_PROMPT
from engine.configs.sound import is_text
from engine.errors import ConfigError
from engine.questions import files

_NAME = re.compile(r"\S+\.(txt|jsonl?)")
"""What nobody tells a model, and many call a file of prompts."""


def prompts(prompt: str | None, file: str | None) -> tuple[str, ...]:
    """The prompts of `--prompt` or of the file `--prompts`, else the study's.

    Raises:
        ConfigError: If both are given, or the prompt is empty.
    """
    if prompt is not None and file is not None:
        raise ConfigError("Give --prompt or --prompts, not both.")
    if prompt is not None and not prompt.strip():
        raise ConfigError("The prompt is empty: write one after --prompt.")
    return files.load_prompts(file) if file is not None else (prompt or STUDY_PROMPT,)


def rivals(given: list[str]) -> tuple[str, ...]:
    """System prompts that were written, or stand in the files that were named; "" is none at all.

    Raises:
        ConfigError: If one is named as a file is, and there is none.
        DataError: If a file holds none.
    """
    found: list[str] = []
    for one in given:
        text = one.strip()
        if _NAME.fullmatch(text) and not _is_file(text):
            raise ConfigError(f"There is no file {text}: name one, or write the rival as a prompt.")
        found += files.load_prompts(text) if _is_file(text) else [text]
    return tuple(dict.fromkeys(found))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # Too long for a file's name.
        return False


def parse_scales(text: str) -> tuple[float, ...]:
    """Numbers separated by commas.

    Raises:
        ConfigError: If one of them is no number.
    """
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConfigError(
            f"Scales {text!r} are not numbers: write them with commas, as --scales=-10,0,10."
        ) from None


def parse_layers(text: str, words: tuple[str, ...]) -> str | tuple[int, ...]:
    """One of some words, or blocks separated by commas.

    Raises:
        ConfigError: If it is neither.
    """
    if text.strip() in words:
        return text.strip()
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        known = ", ".join(words)
        raise ConfigError(f"Layers {text!r} are not known: use {known}, or blocks as 7,8.")
    return tuple(int(part) for part in parts)


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices."""
    if value not in choices:
        raise ConfigError(f"{name} {value!r} is not known: use {' or '.join(choices)}.")


def refuse_no_text(arguments: list[str]) -> None:
    """Refuse what no file, tokenizer or record could take: half characters and NUL.

    Raises:
        ConfigError: Names the first such argument.
    """
    odd = next((one for one in arguments if not is_text(one)), None)
    if odd is not None:
        raise ConfigError(f"{odd[:80]!a} is no text: write it in UTF-8.")


def spread_vectors(arguments: list[str]) -> list[str]:
    """Let `--vectors A B C` stand for three `--vectors`, as shells expand `vectors/*`."""
    spread: list[str] = []
    is_open = False
    for argument in arguments:
        if argument.startswith("-"):
            is_open = argument == "--vectors"
            if is_open:
                continue
            spread.append(argument)
        elif is_open:
            spread += ["--vectors", argument]
        else:
            spread.append(argument)
    return spread
