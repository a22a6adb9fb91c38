"""One text of a grid, token by token, under its column's vector."""

from typing import Any

import streamlit as st

from dashboard.widgets import strip, widgets
from dashboard.widgets.sheets import Sheet
from dashboard.widgets.strip import vectors
from engine.configs import registry
from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.reads.strips import Passage, StripAsk, VectorAt
from engine.errors import EngineError

FEW = 6
"""Columns up to which all texts are read at once; of more, each is read when it is wanted."""


def draw(sheet: Sheet, name: str, row: dict[str, Any] | None) -> None:
    """The strip of a text that is written.

    Args:
        sheet: The grid.
        name: The text's column.
        row: The text with its figures; None if it is not begun.
    """
    if row is None or sheet.state != "done" or not str(row["text"]).strip():
        return
    if len(sheet.names) <= FEW:
        _read(sheet, name, row)
    else:
        st.fragment(_wanted)(sheet, name, row)


def _wanted(sheet: Sheet, name: str, row: dict[str, Any]) -> None:
    if st.toggle("Tokens of this text", key=f"tokens_{sheet.digest}_{row['row']}"):
        _read(sheet, name, row)


def _read(sheet: Sheet, name: str, row: dict[str, Any]) -> None:
    try:
        config = registry.from_json(GenerateConfig.method, sheet.config)
        column = next(one for one in config.configurations if one.name == name)
        read = vectors.chosen(_own(config, column))
        if not read:
            st.caption("No vector is at hand: pin one, or choose one on Scale curves.")
            return
        asked = _asked(config, column, row, read)
    except EngineError as error:
        widgets.show_error(error)
        return
    strip.ask(asked, f"strip_{sheet.digest}_{row['row']}")


def _own(config: GenerateConfig, column: Configuration) -> list[str]:
    """Vectors of the column; of an unsteered one those of the grid's first steered column."""
    steered = [one for one in (column, *config.configurations) if not one.is_baseline]
    parts = [part for one in steered for part in one.blend if part.weight]
    return [f"{part.digest}:{part.index}" for part in parts]


def _asked(
    config: GenerateConfig,
    column: Configuration,
    row: dict[str, Any],
    read: tuple[VectorAt, ...],
) -> StripAsk:
    system = config.system if column.system is None else column.system or None
    return StripAsk(
        passage=Passage(prompt=str(row["prompt"]), system=system, answer=str(row["text"])),
        vectors=read,
        model=config.model,
        adapter=column.adapter,
        dose=column.dose,
        columns=() if column.is_baseline else (column,),
        usual_under=config.system,
        norms_under=config.system,
    )
