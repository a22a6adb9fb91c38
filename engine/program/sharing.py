"""Packs of records, for programs: to a folder or the hub, and back."""

from collections.abc import Sequence
from pathlib import Path

from engine.configs.core import VectorRef
from engine.errors import ConfigError
from engine.program.objects import Shown
from engine.sharing import hub
from engine.sharing import pack as packing
from engine.sharing import unpack as unpacking
from engine.sharing.card import NO_LICENSE
from engine.store.store import Store

Record = Shown | VectorRef | str


class Sharing:
    """The verbs that give records away and take them in."""

    store: Store

    def pack(
        self,
        records: Record | Sequence[Record],
        out: str | Path,
        *,
        words: bool = True,
        license: str = NO_LICENSE,  # noqa: A002  The card's field is called so.
    ) -> packing.Packed:
        """Write records as one folder with a card and checksums; it is a store itself.

        Args:
            records: What `find`, `evaluate` or `generate` gave, or digests; one or several.
            out: The folder, which must not be there yet.
            words: Whether the words of your notes go along; names and tags do, stars never.
            license: Of the card, as "cc-by-4.0".

        Raises:
            EngineError: If a record is not whole, or something lies at `out`.
        """
        return packing.pack(self.store, _digests(records), Path(out), words=words, license=license)

    def unpack(self, folder: str | Path) -> unpacking.Taken:
        """Check a pack whole, then take its records in; nothing in the store is written over.

        Args:
            folder: What `pack` wrote.

        Raises:
            DataError: If a file of it is missing, a link, or not what was packed.
        """
        return unpacking.unpack(self.store, Path(folder))

    def push(
        self,
        records: Record | Sequence[Record],
        repo: str,
        *,
        private: bool = False,
        words: bool | None = None,
        license: str = NO_LICENSE,  # noqa: A002
    ) -> hub.Pushed:
        """Put records on the Hugging Face hub as a pack with a model card.

        Args:
            records: As for `pack`.
            repo: OWNER/NAME; made if it is not there. A pack that is there is replaced.
            private: Whether nobody else may see it.
            words: Whether the words of your notes go along; where it is private if left out.
            license: Of the card.

        Raises:
            EngineError: If nobody is logged in, or the hub cannot be reached or refuses.
        """
        return hub.push(
            self.store, _digests(records), repo, private=private, words=words, license=license
        )

    def pull(self, repo: str, revision: str | None = None) -> unpacking.Taken:
        """Take a pack from the hub, checked as any other.

        Args:
            repo: OWNER/NAME.
            revision: Branch, tag or commit; the newest if left out.

        Raises:
            EngineError: If the hub cannot be reached, has no such pack, or it is not whole.
        """
        return hub.pull(self.store, repo, revision)


def _digests(records: Record | Sequence[Record]) -> list[str]:
    many = [records] if isinstance(records, Shown | VectorRef | str) else records
    found = [one if isinstance(one, str) else one.digest for one in many]
    if None in found:
        raise ConfigError("One of the records is not stored, so it has no digest: name another.")
    return [one for one in found if one is not None]
