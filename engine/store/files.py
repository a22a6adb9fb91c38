"""Whole files in and out: atomic writes, parquet with metadata, safetensors headers.

Knows nothing of what the files hold.
"""

import io
import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError

from engine.errors import StoreError
from engine.store import seals

UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    SafetensorError,
    pa.ArrowException,
)
"""What reading a damaged file may raise."""


def write_atomically(path: Path, data: bytes) -> Path:
    """Put `data` at `path` by rename: a reader sees the whole file or none.

    Raises:
        StoreError: If the disk refuses.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{path.name} could not be written to {path.parent}: {reason}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    return path


def forget_others(folder: Path, digest: str, but: Path | None = None) -> None:
    """Delete what a folder keeps of a record, apart from one file.

    Args:
        folder: Of files named by digest and version.
        digest: Of the record.
        but: What stays.
    """
    for old in folder.glob(f"{digest}_*.json"):
        if old != but:
            with suppress(OSError):
                old.unlink()


def as_table(frame: pd.DataFrame) -> pa.Table:
    """A frame without its index as it is put into a file."""
    return pa.Table.from_pandas(frame, preserve_index=False)


def to_parquet(frame: pd.DataFrame | pa.Table, metadata: dict[str, str]) -> bytes:
    """A frame without its index as a parquet file with `metadata` in its schema.

    Columns come back with the types they had; strings are stored as dictionaries.
    """
    table = as_table(frame) if isinstance(frame, pd.DataFrame) else frame
    known = dict(table.schema.metadata or {})
    known |= {key.encode(): value.encode() for key, value in metadata.items()}
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(known),
        sink,
        compression="zstd",
        use_dictionary=True,
        write_page_checksum=True,
        row_group_size=seals.ROWS,
    )
    return sink.getvalue()


def read_table(path: Path) -> pa.Table:
    """The table in a parquet file, its pages' checksums verified."""
    # Not `pq.read_table`: that would read `name=value` in a folder's name as a column.
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read()


def parquet_metadata(path: Path) -> dict[str, str]:
    """The schema metadata of a parquet file, without its rows."""
    found = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in found.items()}


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The metadata in the header of a safetensors file, without its tensors.

    Raises:
        ValueError: If the file is cut off.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        left = os.fstat(file.fileno()).st_size - 8 - length
        if left < 0:
            raise ValueError("the header is cut off")
        header: dict[str, Any] = json.loads(file.read(length))
    metadata = header.pop("__metadata__", {})
    if max((tensor["data_offsets"][1] for tensor in header.values()), default=0) != left:
        raise ValueError("the tensors are cut off")
    return metadata
