"""Parquet and Arrow files to rows, without the gigabytes that a few bytes of them can stand for.

Knows nothing of what columns mean.
"""

from collections.abc import Iterator
from typing import Any

from engine.errors import DataError
from engine.questions.own import limits

BATCH = 256
"""Rows that are unpacked at once."""
MOST_VALUES = 5_000_000
"""Of the lists of a column, which may be a few bytes in the file."""


def rows_of(content: bytes, file: str) -> list[dict[str, Any]]:
    """The rows of a file, by column, images and other bytes left out.

    Raises:
        DataError: If it is no such file, damaged, or would take too much memory.
    """
    import pyarrow

    found: list[dict[str, Any]] = []
    letters = 0
    try:
        for batch in _batches(content, file):
            for row in _rows(batch, file):
                letters += sum(len(value) for value in row.values() if isinstance(value, str))
                if letters > limits.MOST_BYTES:
                    raise _too_large(file)
                found.append(row)
            if len(found) > limits.MOST_ROWS:
                break
    except (OSError, pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0][:120]
        form = "Arrow" if file.lower().endswith((".arrow", ".feather")) else "Parquet"
        raise DataError(f"{file} is no {form} file that can be read: {reason}.") from None
    if not found:
        raise DataError(f"{file} is empty: give at least one row.")
    return found


def _too_large(file: str) -> DataError:
    return DataError(
        f"{file} holds more than {limits.MOST_BYTES >> 20} MB of text: give a part of it."
    )


def _batches(content: bytes, file: str) -> Iterator[Any]:
    import pyarrow
    import pyarrow.parquet

    buffer = pyarrow.BufferReader(content)
    if content[:4] != b"PAR1":
        is_file = content[:6] == b"ARROW1"
        reader = pyarrow.ipc.open_file(buffer) if is_file else pyarrow.ipc.open_stream(buffer)
        if is_file:
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            batches = iter(reader)
        for batch in batches:
            for begin in range(0, batch.num_rows, BATCH):
                yield batch.slice(begin, BATCH)
        return
    about = pyarrow.parquet.ParquetFile(buffer).metadata
    leaves = [about.schema.column(i) for i in range(about.num_columns)]
    # Texts stay one copy each: a column that repeats one of a megabyte is a few bytes in the file.
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    for group in range(about.num_row_groups):
        for leaf in range(about.num_columns):
            chunk = about.row_group(group).column(leaf)
            if chunk.total_uncompressed_size > 4 * limits.MOST_BYTES:
                raise _too_large(file)
            if leaves[leaf].max_repetition_level and chunk.num_values > MOST_VALUES:
                raise _too_large(file)
    opened = pyarrow.parquet.ParquetFile(buffer, read_dictionary=texts)
    schema = opened.schema_arrow
    kept = [one.name for one in schema if _is_wanted(one.type)]
    yield from opened.iter_batches(batch_size=BATCH, columns=kept)


def _is_wanted(kind: Any) -> bool:
    """Whether values of a type are texts, numbers, or lists and objects of these."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_wanted(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind):
        return _is_wanted(kind.value_type)
    if types.is_struct(kind):
        return all(_is_wanted(kind.field(i).type) for i in range(kind.num_fields))
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
    )


def _rows(batch: Any, file: str) -> Iterator[dict[str, Any]]:
    names = [one.name for one in batch.schema if _is_wanted(one.type)]
    columns = [_values(batch.column(name), file) for name in names]
    for i in range(batch.num_rows):
        yield {name: values[i] for name, values in zip(names, columns, strict=True)}


def _values(array: Any, file: str) -> list[Any]:
    """Values of a column; a text that is repeated is one in memory."""
    from pyarrow import types

    if types.is_dictionary(array.type):
        texts = array.dictionary.to_pylist()
        places = array.indices.to_pylist()
        return [None if place is None else texts[place] for place in places]
    if _letters(array) > limits.MOST_BYTES:
        raise _too_large(file)
    return array.to_pylist()


def _letters(array: Any) -> int:
    """Bytes that the texts within lists and objects may take, at most."""
    import pyarrow.compute as compute
    from pyarrow import types

    if types.is_dictionary(array.type):
        longest = compute.max(compute.binary_length(array.dictionary)).as_py() or 0
        return int(longest) * len(array)
    if types.is_struct(array.type):
        return sum(_letters(one) for one in array.flatten())
    if types.is_list(array.type) or types.is_large_list(array.type):
        return _letters(array.flatten())
    return int(array.nbytes)
