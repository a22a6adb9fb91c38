"""Files known by their whole content: each is read once, and its hash kept by what `stat` says.

The kept hashes lie outside the store, one small file each, so that two processes can write them.
Knows nothing of what the files hold.
"""

import hashlib
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.errors import ModelError
from engine.progress import Progress, silent

CHUNK = 64 * 2**20
"""Bytes that one thread hashes; a file is known by the hash of its chunks' hashes."""
_PIECE = 2**20
KEPT_FROM = 2**20
"""Bytes from which a file's hash is kept on disk; smaller files are read again."""
SETTLED_NS = 2 * 10**9
"""A file that changed so lately could change again within one tick of the disk's clock."""


class Stamp(NamedTuple):
    """What `stat` says of a file. `changed` is set by the system: a restored time does not hide."""

    path: str
    size: int
    modified: int
    changed: int
    inode: int
    device: int


def stamp(path: Path) -> Stamp:
    """The stamp of a file, or of what a link leads to.

    Raises:
        ModelError: If it is gone or cannot be read.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from error
    times = (found.st_mtime_ns, found.st_ctime_ns)
    return Stamp(str(path.absolute()), found.st_size, *times, found.st_ino, found.st_dev)


_known: dict[str, tuple[Stamp, str]] = {}
_reading = threading.Lock()
_now = [0, 1]
"""Bytes read of those that are read at the moment, for whoever waits for the same files."""


def hashes(stamps: Sequence[Stamp], cache: Path, progress: Progress = silent) -> list[str]:
    """SHA-256 tree hashes of whole files, in their order: 64 hex digits each.

    Several threads read at once. What is kept is found again as long as size, times, inode and
    device are the same.

    Args:
        stamps: The files.
        cache: Folder of kept hashes; another one of the user's is taken if it cannot be written.
        progress: Told the megabytes that are read; may raise to stop.

    Raises:
        ModelError: If a file cannot be read, or changes while it is.
    """
    while not _reading.acquire(timeout=0.2):
        progress(_now[0] // 2**20, max(1, _now[1] // 2**20), "reading the model's files")
    try:
        found = {one: _recall(one, cache) for one in stamps}
        missing = [one for one, known in found.items() if known is None]
        for one, value in _read(missing, progress).items():
            found[one] = value
            _keep(one, value, cache)
        return [str(found[one]) for one in stamps]
    finally:
        _now[:] = 0, 1
        _reading.release()


def known(one: Stamp, cache: Path) -> str | None:
    """The hash of a file that was read before and is the same since; None where it was not."""
    return _recall(one, cache)


def _read(stamps: list[Stamp], progress: Progress) -> dict[Stamp, str]:
    """The hashes of files that are not known yet."""
    _now[:] = 0, sum(one.size for one in stamps)
    leaves: dict[Stamp, dict[int, bytes]] = {one: {} for one in stamps}
    with ThreadPoolExecutor(_threads(), thread_name_prefix="hashing") as pool:
        work = {pool.submit(_leaf, one, n): (one, n) for one in stamps for n in range(_chunks(one))}
        try:
            for done in as_completed(work):
                one, number = work[done]
                leaves[one][number] = _result(done, one)
                _now[0] += min(CHUNK, one.size - number * CHUNK)
                if _now[1] >= CHUNK:
                    progress(_now[0] // 2**20, _now[1] // 2**20, "reading the model's files")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for one in stamps:
        if stamp(Path(one.path)) != one:
            raise ModelError(f"{Path(one.path).name} changed while it was read: try again.")
    return {one: _root(one, leaves[one]) for one in stamps}


def _threads() -> int:
    return max(2, min(16, os.cpu_count() or 2))


def _chunks(one: Stamp) -> int:
    return math.ceil(one.size / CHUNK)


def _result(done: Future[bytes], one: Stamp) -> bytes:
    try:
        return done.result()
    except OSError as error:
        name = Path(one.path).name
        raise ModelError(f"{name} cannot be read: {error.strerror or error}.") from error


def _leaf(one: Stamp, number: int) -> bytes:
    """The hash of one chunk."""
    total, buffer = hashlib.sha256(), memoryview(bytearray(_PIECE))
    with open(one.path, "rb", buffering=0) as file:
        file.seek(number * CHUNK)
        left = min(CHUNK, one.size - number * CHUNK)
        while left > 0:
            count = file.readinto(buffer[: min(left, _PIECE)])
            if not count:
                raise OSError(0, "it was cut off")
            total.update(buffer[:count])
            left -= count
    return total.digest()


def _root(one: Stamp, leaves: dict[int, bytes]) -> str:
    total = hashlib.sha256(f"tree of {CHUNK} over {one.size}:".encode())
    for number in sorted(leaves):
        total.update(leaves[number])
    return total.hexdigest()


def _recall(one: Stamp, cache: Path) -> str | None:
    known = _known.get(one.path)
    if known is not None and known[0] == one:
        return known[1]
    if one.size < KEPT_FROM:
        return None
    for place in _places(one, cache):
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            kept = json.loads(place.read_text(encoding="utf-8"))
            if kept["stamp"] == list(one) and len(bytes.fromhex(kept["sha256_tree"])) == 32:
                _known[one.path] = (one, kept["sha256_tree"])
                return kept["sha256_tree"]
    return None


def _keep(one: Stamp, value: str, cache: Path) -> None:
    """Remember a hash; on disk where the file is large. A disk that refuses costs a reading."""
    if time.time_ns() - max(one.modified, one.changed) < SETTLED_NS:
        return
    _known[one.path] = (one, value)
    if one.size < KEPT_FROM:
        return
    data = json.dumps({"stamp": list(one), "sha256_tree": value})
    for place in _places(one, cache):
        temporary = place.with_name(f".{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(data, encoding="utf-8")
            os.replace(temporary, place)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            continue
        return


def _places(one: Stamp, cache: Path) -> Iterator[Path]:
    """Where a file's hash may be kept."""
    name = f"{hashlib.sha256(one.path.encode(errors='surrogateescape')).hexdigest()[:24]}.json"
    yield cache / name
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    yield home / "vectorscope" / "hashes" / name
