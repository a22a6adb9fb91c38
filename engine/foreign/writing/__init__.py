"""Writers of foreign files: sets of vectors and sweeps in other tools' own layouts.

What a format cannot say is refused, never left out. Knows nothing of the store or of screens.
"""

from engine.foreign.writing.every import FORMATS as FORMATS
from engine.foreign.writing.every import Format as Format
from engine.foreign.writing.every import check_results as check_results
from engine.foreign.writing.every import formats_of as formats_of
from engine.foreign.writing.every import put as put
from engine.foreign.writing.every import results_files as results_files
from engine.foreign.writing.every import vector_files as vector_files
