"""Own data from a program: files, folders, datasets of the hub, rows, or a frame.

Knows nothing of models.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from engine.errors import DataError
from engine.questions import files
from engine.questions.own import Kept, Understood, places, roles, understand

Data: TypeAlias = str | Path | Sequence[Any] | pd.DataFrame
"""A place, or rows: texts, lists of two texts, or objects. A frame gives its rows."""


def understood(data: Data, kind: str, columns: Mapping[str, str], **stated: Any) -> Understood:
    """What own data holds; see `engine.questions.own.understand`.

    Raises:
        DataError: If nothing can be made of it, or its columns must be named first.
    """
    if isinstance(data, str | Path):
        found = places.understand_place(data, kind, columns, **stated)
    else:
        found = understand(_written(data), "typed", kind, columns, **stated)
    if found.needs:
        parts = ", ".join(f"{part!r}: ..." for part in found.needs)
        known = roles.listed(found.columns)
        raise DataError(f"Its columns are {known}: say which is which, columns={{{parts}}}.")
    return found


def texts_of(prompts: Any) -> Any:
    """Prompts that are kept as texts; all others as they are."""
    return files.load_prompts(prompts.path) if isinstance(prompts, Kept) else prompts


def _written(rows: Any) -> bytes:
    """Rows as a JSON list.

    Raises:
        DataError: If they are none.
    """
    rows = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    try:
        return json.dumps(list(rows)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"These are no rows ({error}): give texts, pairs of texts, objects, or a path."
        ) from None
