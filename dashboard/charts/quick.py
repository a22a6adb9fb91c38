"""Charts in the one form that Streamlit asks for, made once for all who look at the same view.

Altair's check against Vega-Lite's schema takes two thirds of what it takes to draw a page: it is
left to the tests. Most of the rest is the change of tables and of Altair's objects into what is
sent, under a lock that all readers share: that is kept.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, overload

import altair as alt
from altair.utils import schemapi

from dashboard.charts.one_vector import Drawing

# Altair would check every part as it is put together, too.
schemapi.disable_debug_mode()

IS_CHECKED = False
"""Set by the tests."""
MOST_KEPT = 96
MOST_BYTES = 2**21
"""Of a chart that is kept."""


class Quick:
    """A chart in the form that Streamlit asks of it; what is sent is made once."""

    def __init__(self, drawing: Drawing) -> None:
        """Wrap a chart."""
        self._drawing: Drawing | None = drawing
        self._text, self._tables = "", dict[str, Any]()

    def to_dict(self) -> dict[str, Any]:
        """The chart's specification, with its tables where Streamlit has changed them already."""
        # Streamlit calls this under a lock, as Altair's settings are those of the whole process.
        if self._drawing is not None:
            found = self._drawing.to_dict(validate=IS_CHECKED)
            own = found.pop("datasets", {})
            tables = {**own, **alt.data_transformers.options.get("datasets", {})}
            self._text, self._tables, self._drawing = json.dumps(found), tables, None
        # Anew each time: what is given is changed before it is sent.
        found = json.loads(self._text)
        return {**found, "datasets": dict(self._tables)} if self._tables else found

    @property
    def size(self) -> int:
        """Bytes of what is sent; 0 before that is made."""
        tables = [table for table in self._tables.values() if isinstance(table, bytes)]
        return len(self._text) + sum(len(table) for table in tables)


_kept: OrderedDict[Hashable, Quick | None] = OrderedDict()
_lock = threading.Lock()


@overload
def kept(key: Hashable, make: Callable[[], Drawing]) -> Quick: ...
@overload
def kept(key: Hashable, make: Callable[[], Drawing | None]) -> Quick | None: ...
def kept(key: Hashable, make: Callable[[], Drawing | None]) -> Quick | None:
    """A chart that was made before, or is made now.

    Args:
        key: All that the chart depends on: what it shows by digest, how, and in which inks.
        make: Makes it; None where there is nothing to show.
    """
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    drawing = make()
    chart = None if drawing is None else Quick(drawing)
    with _lock:
        _kept[key] = chart
        # How large a chart is shows only once it was sent.
        for other in [k for k, one in _kept.items() if one is not None and one.size > MOST_BYTES]:
            del _kept[other]
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return chart


def forget() -> None:
    """Keep nothing."""
    with _lock:
        _kept.clear()
