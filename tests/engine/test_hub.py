"""`push` and `pull` by the real client against a hub on this machine, and what they refuse."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.configs.finders import MelboConfig
from engine.errors import ConfigError, DataError
from engine.sharing import manifest, reaching
from engine.sharing.hub import pull, push
from engine.store import notes
from engine.store.store import Store
from tests.engine import fake_hub
from tests.engine.fake_hub import FakeHub, Repository
from tests.pages.samples import vector_set

ROOT = Path(__file__).resolve().parents[2]
SET, OTHER = "aaaa00000001", "bbbb00000002"
NAME = "someone/vectors"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub.running() as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "mine")
    for digest in (SET, OTHER):
        found.save_vectors(vector_set(MelboConfig(vectors=3), digest))
    notes.keep(found.root, SET, "Kindness", "only at home")
    return found


class Asked(NamedTuple):
    """How a command ended, and all that it printed."""

    code: int
    told: dict
    printed: str


def ask(hub: FakeHub, home: Path, *arguments: str, **settings: str) -> Asked:
    """A command in a process of its own, as the client reads its settings once."""
    away = {"HF_HUB_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "TRANSFORMERS_OFFLINE"}
    own = {name: value for name, value in os.environ.items() if name not in away}
    own |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home / "hf")}
    own |= {"NO_PROXY": "127.0.0.1", "HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug"}
    done = subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        cwd=ROOT, env=own | settings, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    return Asked(done.returncode, json.loads(lines[-1]), done.stdout + done.stderr)


def test_what_is_pushed_is_pulled_byte_for_byte(hub, store, tmp_path) -> None:
    mine, yours = str(store.root), Store(tmp_path / "yours")
    first = ask(hub, tmp_path, "push", SET, OTHER, "--repo", NAME, "--store", mine,
                HF_TOKEN=hub.token)  # fmt: skip
    assert first.code == 0, first.printed
    assert (first.told["path"], first.told["private"]) == (f"{hub.url}/{NAME}", False)
    assert hub.repositories[NAME].files.keys() >= {manifest.NAME, manifest.CARD}

    pulled = ask(hub, tmp_path, "pull", NAME, "--store", str(yours.root))
    assert pulled.code == 0, pulled.printed
    assert pulled.told["new"] == [SET, OTHER]
    assert pulled.told["notes"] == []
    # A push meanwhile would mix two packs: all is asked of one commit.
    downloads = [one for one in hub.asked if "/resolve/" in one]
    assert downloads
    assert all(f"/resolve/{hub.repositories[NAME].commits[-1][0]}/" in one for one in downloads)
    for digest in (SET, OTHER):
        own, theirs = (Path(one.find(digest).path) for one in (store, yours))
        assert own.read_bytes() == theirs.read_bytes()

    # Who made it public keeps the words of notes to himself.
    assert notes.read(yours.root, SET).name == "Kindness"
    assert b"only at home" not in b"".join(hub.repositories[NAME].files.values())
    hub.repositories[NAME].commit(hub.repositories[NAME].files | {"own.txt": b"kept"})
    second = ask(hub, tmp_path, "push", SET, "--notes", "--repo", NAME, "--store", mine,
                 HF_TOKEN=hub.token)  # fmt: skip
    assert second.code == 0, second.printed
    assert second.told["removed"] == [f"vectors/{Path(store.find(OTHER).path).name}"]
    left = hub.repositories[NAME].files
    assert left["own.txt"] == b"kept"
    assert not any(OTHER in name for name in left)
    assert b"only at home" in b"".join(left.values())
    for one in (first, pulled, second):
        assert hub.token not in one.printed
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(hub.token.encode() in path.read_bytes() for path in kept)
    assert not any(hub.token.encode() in data for data in left.values())
    assert f"Bearer {hub.token}" in hub.sent


def test_a_private_pack_is_seen_with_the_token_alone(hub, store, tmp_path) -> None:
    asked = ("push", SET, "--repo", NAME, "--private", "--store", str(store.root))
    pushed = ask(hub, tmp_path, *asked, HF_TOKEN=hub.token)
    assert pushed.code == 0, pushed.printed
    assert hub.repositories[NAME].private
    assert b"only at home" in b"".join(hub.repositories[NAME].files.values())

    for settings, code in (({}, 2), ({"HF_TOKEN": "hf_another"}, 2), ({"HF_TOKEN": hub.token}, 0)):
        yours = str(tmp_path / "yours")
        pulled = ask(hub, tmp_path, "pull", NAME, "--store", yours, **settings)
        assert pulled.code == code, pulled.printed
        assert code == 0 or f"The hub has no {NAME} for you" in pulled.told["error"]
        assert not any(one in pulled.printed for one in (hub.token, "hf_another"))
    hub.repositories[NAME].private = False
    refused = ask(hub, tmp_path, *asked, HF_TOKEN=hub.token)
    assert refused.code == 2
    assert "is public: make it private" in refused.told["error"]


@pytest.mark.matrix(keep=0)
def test_what_push_refuses_makes_no_repository(hub, store, tmp_path) -> None:
    path = Path(store.find(OTHER).path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    mine = str(store.root)
    for arguments, settings, sentence in (
        ((SET, "--repo", NAME), {}, "Nobody is logged in"),
        ((OTHER, "--repo", NAME), {"HF_TOKEN": hub.token}, "was not packed"),
        ((SET, "--repo", NAME), {"HF_TOKEN": "hf_another"}, "refused the token (401)"),
        (
            (SET, "--repo", NAME),
            {"HF_TOKEN": hub.token, "HF_ENDPOINT": "http://127.0.0.1:9"},
            "cannot be reached",
        ),
    ):
        refused = ask(hub, tmp_path, "push", *arguments, "--store", mine, **settings)
        assert refused.code == 2, refused.printed
        assert sentence in refused.told["error"], refused.printed
        assert not any(one in refused.printed for one in (hub.token, "hf_another"))
        # The client's own log may hold a traceback, where it is asked to tell everything.
        assert f'File "{ROOT}/engine' not in refused.printed
    assert hub.repositories == {}


def test_a_token_that_no_header_can_hold_is_not_repeated(store, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ä secret")
    for ask_hub in (lambda: push(store, [SET], NAME), lambda: pull(store, NAME)):
        with pytest.raises(ConfigError, match="holds signs that no token has") as raised:
            ask_hub()
        assert "secret" not in f"{raised.value} {raised.value.__cause__}"


def test_offline_is_said(store, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_a")
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    for ask_hub in (lambda: push(store, [SET], NAME), lambda: pull(store, NAME)):
        with pytest.raises(DataError, match="HF_HUB_OFFLINE keeps the hub away from someone/vec"):
            ask_hub()


@pytest.mark.matrix(keep=0)
def test_others_files_are_left_and_a_status_is_a_sentence(hub, store, tmp_path) -> None:
    mine, own = str(store.root), {"HF_TOKEN": hub.token}
    hub.repositories[NAME] = Repository(private=False)
    hub.repositories[NAME].commit({"model.safetensors": b"weights"})
    refused = ask(hub, tmp_path, "push", SET, "--repo", NAME, "--store", mine, **own)
    assert "holds other files (model.safetensors)" in refused.told["error"], refused.printed
    pulled = ask(hub, tmp_path, "pull", NAME, "--store", str(tmp_path / "yours"))
    assert "it is no pack" in pulled.told["error"], pulled.printed

    hub.status = 403
    refused = ask(hub, tmp_path, "push", SET, "--repo", "a/b", "--store", mine, **own)
    assert "(403): give it write access" in refused.told["error"], refused.printed
    assert hub.repositories[NAME].files == {"model.safetensors": b"weights"}


@pytest.mark.matrix(keep=0)
def test_a_pack_that_was_changed_on_the_hub_is_refused(hub, store, tmp_path) -> None:
    pushed = ask(hub, tmp_path, "push", SET, "--repo", NAME, "--store", str(store.root),
                 HF_TOKEN=hub.token)  # fmt: skip
    assert pushed.code == 0, pushed.printed
    files = hub.repositories[NAME].files
    name = next(one for one in files if one.startswith("vectors/"))
    touched = files[name][:-1] + bytes([files[name][-1] ^ 1])
    yours = tmp_path / "yours"
    for other, sentence in ((touched, "is not the file that was packed"), (b"", "push again")):
        hub.repositories[NAME].commit(files | {name: other})
        pulled = ask(hub, tmp_path, "pull", NAME, "--store", str(yours))
        assert pulled.code == 2
        assert sentence in pulled.told["error"], pulled.printed
    assert not list(yours.rglob("*.safetensors"))

    hub.repositories[NAME].commit(files | {manifest.CARD: b"edited on the hub"})
    pulled = ask(hub, tmp_path, "pull", NAME, "--store", str(yours))
    assert pulled.told["new"] == [SET], pulled.printed
    assert "README.md is not as it was packed" in pulled.told["notes"][0]


@pytest.mark.parametrize("name", ["x", "a/b/c", "a b/c", "/a/b", "a/..", "a/b\n", "", "a/" * 99])
def test_what_is_no_repository_is_refused(name) -> None:
    with pytest.raises(ConfigError, match="is no repository"):
        reaching.repository(name)


def test_a_repository_is_named_as_its_page_is() -> None:
    assert reaching.repository("https://huggingface.co/a/b.c-d") == "a/b.c-d"
