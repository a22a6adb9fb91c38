"""`push` and `pull`: packs to the Hugging Face hub and back.

Knows nothing of screens, and leaves files of a repository alone that no pack wrote.
"""

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import ConfigError, DataError
from engine.foreign.importing import MOST_BYTES
from engine.sharing import card, manifest
from engine.sharing.pack import Packed, pack
from engine.sharing.reaching import SECONDS, asking, needed_token, repository, token
from engine.sharing.unpack import Taken, unpack
from engine.store.store import Store

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

NEW_REPOSITORY = {".gitattributes", manifest.CARD}
"""What a repository may hold that was made on the hub's page and is still empty."""
LARGEST_CARD = 2**20


class Pushed(NamedTuple):
    """What was pushed."""

    repository: str
    url: str
    commit: str
    is_private: bool
    packed: Packed
    removed: tuple[str, ...]
    """Files of the pack before that this one no longer holds; the hub's history keeps them."""


def push(
    store: Store,
    digests: Sequence[str],
    name: str,
    *,
    private: bool = False,
    words: bool | None = None,
    license: str = card.NO_LICENSE,  # noqa: A002  The card's field is called so.
) -> Pushed:
    """Put records on the hub as a pack with a model card; a pack that is there is replaced.

    Args:
        store: Holds them.
        digests: Their digests, or beginnings.
        name: OWNER/NAME; made if it is not there.
        private: Whether nobody else may see it.
        words: Whether the words of notes go along; None for private repositories only.
        license: Of the card; an identifier of the hub.

    Raises:
        ConfigError: If nobody is logged in, the repository is another's kind of thing, or it is
            public and asked to be private.
        DataError: If a record is not whole, or the hub cannot be reached or refuses.
    """
    from huggingface_hub import HfApi

    name, api = repository(name), HfApi(token=needed_token())
    found = _found(api, name)
    if found is not None:
        _refuse_unfit(name, found, private)
    is_private = private if found is None else bool(found.private)
    with tempfile.TemporaryDirectory(prefix="vectorscope-push-") as place:
        folder = Path(place) / "pack"
        told = is_private if words is None else words
        packed = pack(store, digests, folder, words=told, license=license)
        if found is None:
            # Only now: a repository for a pack that cannot be made would stay empty.
            with asking(name):
                api.create_repo(name, private=private)
        after = f"{name} was made and is still empty." if found is None else ""
        old = [] if found is None else _listed(api, name, found)
        return _committed(api, name, found, packed, old, is_private, after)


def pull(store: Store, name: str, revision: str | None = None) -> Taken:
    """Take a pack from the hub into a store, checked as any pack from elsewhere.

    Args:
        store: Takes it.
        name: OWNER/NAME.
        revision: Branch, tag or commit; the newest if left out.

    Raises:
        DataError: If the hub cannot be reached, has no such pack, or it is not whole.
    """
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    name, own = repository(name), token() or False
    with tempfile.TemporaryDirectory(prefix="vectorscope-pull-") as place:
        with asking(name):
            api = HfApi(token=own)
            info = api.model_info(name, revision=revision, files_metadata=True, timeout=SECONDS)
            sizes = {one.rfilename: one.size for one in info.siblings or ()}
            _refuse_no_pack(name, sizes)
            # One commit for all: a push meanwhile would mix two packs.
            at = info.sha
            hf_hub_download(name, manifest.NAME, revision=at, local_dir=place, token=own)
            files = manifest.read(Path(place))
            for one in files:
                if one.path != manifest.CARD and sizes.get(one.path) != one.bytes:
                    raise DataError(
                        f"{one.path} of {name} is not the file that was packed: ask its owner to "
                        "push again."
                    )
            names = [one.path for one in files if (sizes.get(one.path) or 0) <= _most(one.path)]
            snapshot_download(name, revision=at, local_dir=place, token=own, allow_patterns=names)
        return unpack(store, Path(place))


def _most(path: str) -> int:
    return LARGEST_CARD if path == manifest.CARD else MOST_BYTES


def _refuse_no_pack(name: str, sizes: dict[str, int | None]) -> None:
    if manifest.NAME not in sizes:
        raise DataError(
            f"{name} has no {manifest.NAME}, so it is no pack: download a file of it, and `audit` "
            "says what that holds."
        )
    if (sizes[manifest.NAME] or 0) > manifest.LARGEST:
        raise DataError(f"{manifest.NAME} of {name} is too large: it is no pack of ours.")


def _found(api: "HfApi", name: str) -> "ModelInfo | None":
    from huggingface_hub.errors import RepositoryNotFoundError

    with asking(name):
        try:
            return api.model_info(name, timeout=SECONDS)
        except RepositoryNotFoundError:
            return None


def _refuse_unfit(name: str, found: "ModelInfo", private: bool) -> None:
    if private and not found.private:
        raise ConfigError(
            f"{name} is public: make it private on its page, or name another repository."
        )
    names = {one.rfilename for one in found.siblings or ()}
    if manifest.NAME not in names and (others := sorted(names - NEW_REPOSITORY)):
        raise ConfigError(
            f"{name} holds other files ({others[0][:80]}) and no pack: name another repository."
        )


def _listed(api: "HfApi", name: str, found: "ModelInfo") -> list[str]:
    """Files of the pack that is there, as its own list says; none where that is not sound."""
    there = {one.rfilename for one in found.siblings or ()}
    if manifest.NAME not in there:
        return []
    with asking(name), tempfile.TemporaryDirectory(prefix="vectorscope-push-") as place:
        api.hf_hub_download(name, manifest.NAME, revision=found.sha, local_dir=place)
        try:
            listed = manifest.read(Path(place))
        except DataError:
            return []
    return [one.path for one in listed if one.path in there]


def _committed(
    api: "HfApi",
    name: str,
    found: "ModelInfo | None",
    packed: Packed,
    old: Sequence[str],
    is_private: bool,
    after: str,
) -> Pushed:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    paths = [path for path in sorted(packed.path.rglob("*")) if path.is_file()]
    new = {path.relative_to(packed.path).as_posix(): path for path in paths}
    removed = sorted(set(old) - set(new))
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        *(CommitOperationAdd(path_in_repo=one, path_or_fileobj=path) for one, path in new.items()),
        *(CommitOperationDelete(path_in_repo=one) for one in removed),
    ]
    with asking(name, after), warnings.catch_warnings():
        # It asks whether tables belong into a repository of models: these are records beside sets.
        warnings.simplefilter("ignore")
        commit = api.create_commit(
            name,
            operations,
            commit_message=f"A pack of {len(packed.digests)} records",
            parent_commit=None if found is None else found.sha,
        )
        there = api.model_info(name, revision=commit.oid, timeout=SECONDS)
        missing = sorted(set(new) - {one.rfilename for one in there.siblings or ()})
    if missing:
        # A .gitignore of the repository drops files without a word.
        raise DataError(f"The hub left {missing[0]} out of {name}: delete its .gitignore.")
    url = f"{api.endpoint}/{name}"
    return Pushed(name, url, commit.oid, is_private, packed, tuple(removed))
