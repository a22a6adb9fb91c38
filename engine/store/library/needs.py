"""Which stored records name another one, and would miss it.

A record names another by its digest, wherever in its text. Knows nothing of how it uses it.
"""

import functools
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store import files
from engine.store.headers import HEADERS
from engine.store.scanning import Times, times
from engine.store.store import Store

_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")
MOST_READ = 4096
"""Records whose mentions stay in memory."""


def users(store: Store, digests: Sequence[str]) -> dict[str, list[RecordInfo]]:
    """By each digest, the records that name it, newest first; none where nobody does.

    Records among `digests` do not count: they go together.
    """
    found: dict[str, list[RecordInfo]] = {digest: [] for digest in digests}
    for info in store.list():
        if info.digest in found:
            continue
        for digest in mentions(info) & found.keys():
            found[digest].append(info)
    return {digest: infos for digest, infos in found.items() if infos}


def mentions(info: RecordInfo) -> frozenset[str]:
    """All that is written like a digest in what a file says of itself; its data is not read."""
    path = Path(info.path)
    with suppress(StoreError, *files.UNREADABLE):
        return _mentions(path, times(path.stat()))
    # It went away meanwhile, so it misses nothing.
    return frozenset()


@functools.lru_cache(maxsize=MOST_READ)
def _mentions(path: Path, _stamp: Times) -> frozenset[str]:
    return frozenset(_DIGEST.findall(HEADERS[path.suffix](path) or ""))
