"""A process of its own that writes the rows of a Parquet or Arrow file as JSON Lines.

A damaged file can end the process that reads it, and a few bytes can stand for gigabytes: here
neither harms anybody. Run by its path, it imports nothing of this project. Knows nothing of what
columns mean.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

BATCH = 256
"""Rows that are unpacked at once."""
MOST_VALUES = 5_000_000
"""Of the lists of a column, which may be a few bytes in the file."""
MOST_MEMORY = 4 * 2**30
"""Bytes of addresses that this process may have; libraries reserve most of it without use."""
TOO_LARGE = "too large"


class TooLarge(Exception):  # noqa: N818  It is an outcome.
    """The file stands for more than may be read."""


def main() -> None:
    """Read {"bytes", "rows"} in a line and the file; write {"error"} or a line for each row."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    most = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    import pyarrow

    try:
        lines = list(_lines(content, most["bytes"], most["rows"]))
    except TooLarge:
        lines = [json.dumps({"error": TOO_LARGE})]
    except (MemoryError, pyarrow.ArrowMemoryError):
        lines = [json.dumps({"error": TOO_LARGE})]
    except (OSError, pyarrow.ArrowException, UnicodeDecodeError) as error:
        lines = [json.dumps({"error": str(error).partition("\n")[0][:120]})]
    sys.stdout.write("\n".join(lines))


def _lines(content: bytes, most_bytes: int, most_rows: int) -> Iterator[str]:
    size = count = 0
    for batch in _batches(content, most_bytes):
        for row in _rows(batch, most_bytes):
            # A text that is repeated is one in memory only until it is written.
            if sum(len(one) for one in row.values() if isinstance(one, str)) > most_bytes:
                raise TooLarge
            line = json.dumps(["row", row])
            size += len(line)
            count += 1
            if size > 2 * most_bytes:
                raise TooLarge
            yield line
            if count > most_rows:
                return


def _batches(content: bytes, most_bytes: int) -> Iterator[Any]:
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
            if chunk.total_uncompressed_size > 4 * most_bytes:
                raise TooLarge
            if leaves[leaf].max_repetition_level and chunk.num_values > MOST_VALUES:
                raise TooLarge
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


def _rows(batch: Any, most_bytes: int) -> Iterator[dict[str, Any]]:
    names = [one.name for one in batch.schema if _is_wanted(one.type)]
    columns = [_values(batch.column(name), most_bytes) for name in names]
    for i in range(batch.num_rows):
        yield {name: values[i] for name, values in zip(names, columns, strict=True)}


def _values(array: Any, most_bytes: int) -> list[Any]:
    """Values of a column; a text that is repeated is one in memory."""
    from pyarrow import types

    if types.is_dictionary(array.type):
        texts = array.dictionary.to_pylist()
        places = array.indices.to_pylist()
        return [None if place is None else texts[place] for place in places]
    if _letters(array) > most_bytes:
        raise TooLarge
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


if __name__ == "__main__":
    main()
