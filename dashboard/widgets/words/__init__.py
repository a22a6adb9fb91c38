"""What a vector says in words: the stored record, its table, and the button that asks for it.

Knows nothing of single pages.
"""

from dashboard.widgets.words.showing import draw as draw
from dashboard.widgets.words.showing import expander as expander
