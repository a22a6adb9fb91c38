"""Charts that are not checked against Vega-Lite's schema each time they are drawn.

Altair's check takes two thirds of what it takes to draw a page. Charts are checked in the tests.
"""

from typing import Any

from dashboard.charts import Drawing

IS_CHECKED = False
"""Set by the tests."""


class Quick:
    """A chart in the one form that Streamlit asks of it."""

    def __init__(self, drawing: Drawing) -> None:
        """Wrap a chart."""
        self._drawing = drawing

    def to_dict(self) -> dict[str, Any]:
        """The chart's specification."""
        return self._drawing.to_dict(validate=IS_CHECKED)
