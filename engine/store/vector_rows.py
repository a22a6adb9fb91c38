"""The rows of one vector in a stored evaluation, without the rows of the others.

A file's row groups say which sets and vectors they hold, so only those of the vector and of the
baseline are read. Knows nothing of where records lie.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.records import columns, measures
from engine.statistics.cells import BASELINE
from engine.store import seals
from engine.store.headers import read_record, readable

TEXTS = ["vector_set", "method", "question", "order", "behaviour_letter"]
"""Columns of few different words: read as numbers of words, so that choosing rows is quick."""


def of_vector(path: Path, vector_set: str, vector: int) -> pd.DataFrame:
    """The rows of one vector at all its scales, and the baseline's.

    Args:
        path: An evaluation's file.
        vector_set: Digest of the vector's set.
        vector: Its index there.

    Returns:
        All columns of the file, with their types, in its order, and those it is too old to have.

    Raises:
        StoreError: If the file is missing, damaged or lacks a column.
    """
    with readable(path):
        footer = pq.read_metadata(path)
        known = measures.columns_of(footer.schema.names)
        columns.require(known, footer.schema.names, path.name)
        record = read_record(path)
        table = _rows(path, footer, record, vector_set, vector)
        return columns.completed(table.to_pandas(), known, path.name)


def _rows(
    path: Path, footer: pq.FileMetaData, record: dict[str, Any], vector_set: str, vector: int
) -> pa.Table:
    """The rows as they are stored, texts as texts again."""
    texts = [name for name in TEXTS if name in footer.schema.names]
    with pq.ParquetFile(
        path, metadata=footer, page_checksum_verification=True, read_dictionary=texts
    ) as file:
        types = {field.name: field.type for field in file.schema_arrow}
        groups = [
            number
            for number in range(file.num_row_groups)
            if _may_hold(file.metadata.row_group(number), vector_set, vector)
        ]
        table = _checked(file, groups, record, path.name)
        own = pc.and_(pc.equal(table["vector_set"], vector_set), pc.equal(table["vector"], vector))
        table = table.filter(pc.or_(own, pc.equal(table["vector_set"], BASELINE)))
        for place, field in enumerate(table.schema):
            if pa.types.is_dictionary(field.type):
                kind = types[field.name]
                kind = kind.value_type if pa.types.is_dictionary(kind) else kind
                table = table.set_column(place, field.name, table[field.name].cast(kind))
        return table


def _checked(
    file: pq.ParquetFile, groups: list[int], record: dict[str, Any], name: str
) -> pa.Table:
    """Some groups of rows, each as written; all rows where another program split them anew."""
    counts = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    rows = record.get(seals.KEY, {}).get("rows", 0)
    if rows and (any(count != rows for count in counts[:-1]) or counts[-1:] > [rows]):
        table = file.read()
        seals.check_table(record, table, name)
        return table
    table = file.read_row_groups(groups)
    begins = np.cumsum([0, *(counts[number] for number in groups)])
    for at, number in enumerate(groups):
        part = table.slice(begins[at], counts[number])
        seals.check_part(record, number, part, name)
    return table


def _may_hold(group: pq.RowGroupMetaData, vector_set: str, vector: int) -> bool:
    """Whether a group's smallest and largest values leave room for the vector or the baseline."""
    ranges = {}
    for place in range(group.num_columns):
        column = group.column(place)
        known = column.statistics
        if known is not None and known.has_min_max:
            ranges[column.path_in_schema] = (known.min, known.max)
    low, high = ranges.get("vector_set", ("", "\U0010ffff"))
    least, most = ranges.get("vector", (vector, vector))
    own = low <= vector_set <= high and least <= vector <= most
    return own or low <= BASELINE <= high
