"""Readers of foreign files: other tools' vectors, sweeps, texts and question files.

Nothing that a file holds is ever executed. Knows nothing of the store or of how files are judged.
"""

from engine.foreign.formats.reading import read as read
from engine.foreign.formats.values import Foreign as Foreign
from engine.foreign.formats.values import ForeignQuestions as ForeignQuestions
from engine.foreign.formats.values import ForeignResults as ForeignResults
from engine.foreign.formats.values import ForeignTexts as ForeignTexts
from engine.foreign.formats.values import ForeignVectors as ForeignVectors
from engine.foreign.formats.values import Given as Given
from engine.foreign.formats.values import MissingFactsError as MissingFactsError
