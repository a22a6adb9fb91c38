"""Other tools' files: read, checked and taken in as records.

Knows nothing of how files are judged, and screens.

Public: adapters, adopting, formats, importing, writing.
"""
