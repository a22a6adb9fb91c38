"""The names of records: digests of configs, with models and files known by their content.

Knows nothing of the store: a name needs no model in memory and no record.
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.configs.core import ModelConfig, RunConfig, record_name
from engine.configs.sweeps import EvaluateConfig
from engine.errors import DataError, StoreError
from engine.model import hashing
from engine.model.hashing import Stamp
from engine.model.identity import is_demo, resolve, sources
from engine.progress import Progress, silent
from engine.questions import answers, files
from engine.questions.sources import sha256_of
from engine.records.records import QuestionSet

DEMO_CORPUS = ("data/pairs/advice.json", "data/demo/heldout_advice.json")
"""Files of the advice that the demo corpus is made of, questions with known answers."""


def _no_vectors(digest: str) -> str:
    raise StoreError(f"The vectors {digest} cannot be looked up: no store was opened.")


class Names:
    """Answers what a config refers to; a `Known` of the configs."""

    def __init__(
        self,
        root: Path,
        content_of: Callable[[str], str] = _no_vectors,
        progress: Progress = silent,
    ) -> None:
        """Look for presets and shipped data below `root`.

        Args:
            root: Repository root.
            content_of: The content hash of a stored set, by its digest; see `Store.content`.
            progress: Told how much of a model's files is read, where they are not known yet.
        """
        self.root = root
        self._content_of = content_of
        self._progress = progress

    def digest(self, config: RunConfig) -> str:
        """The name of the record that a config leads to.

        Raises:
            EngineError: If the model, the vectors, the questions or a file cannot be found.
        """
        return record_name(config, self)

    def telling(self, progress: Progress) -> "Names":
        """The same names, telling `progress` how much of a model's files is read."""
        return Names(self.root, self._content_of, progress)

    def content(self, digest: str) -> str:
        """The numbers of a stored set and the sites they belong to, as a hash.

        Raises:
            StoreError: If there is no such set, or it is damaged.
        """
        return self._content_of(digest)

    def model(self, model: ModelConfig) -> dict[str, Any]:
        """A folder is known by its content, so that it may be named or moved as one likes."""
        source, *more = sources(model, self.root, self._progress)
        others = {"more_adapters": [one.adapter_fingerprint for one in more]} if more else {}
        return others | {
            "fingerprint": source.fingerprint,
            # Where the files are at hand they say it all, and a copy of them is the same model.
            "revision": None if source.folder else source.revision,
            "adapter": source.adapter_fingerprint,
            "dtype": model.dtype,
            "date": model.date,
        }

    def file(self, path: str) -> str:
        """SHA-256 of a file."""
        return sha256_of(path)

    def prompts(self, path: str) -> list[str]:
        """The prompts that a file holds."""
        return list(files.load_prompts(path))

    def questions(self, config: EvaluateConfig) -> QuestionSet:
        """The questions a sweep would ask, sampled; with written answers where those are read.

        Raises:
            DataError: If the file is missing or has no usable question.
        """
        path = self._question_file(config.questions)
        found = _questions(
            str(path),
            hashing.stamp(_last_changed(path)) if path.exists() else None,
            config.behaviour,
            config.skipped + config.max_questions,
            config.seed,
            config.sampling == "file-order",
            "likelihood" if config.is_likelihood else config.texts,
        )
        left = found.questions[config.skipped :]
        if not left:
            raise DataError(
                f"{path} has {len(found.questions)} usable questions, and {config.skipped} are "
                "skipped: none is left to ask."
            )
        return dataclasses.replace(found, questions=left) if config.skipped else found

    def is_demo(self, model: ModelConfig) -> bool:
        """Whether a model's own files, adapter apart, are the demo model's, wherever they lie."""
        return is_demo(resolve(model, self.root), self.root)

    def is_demo_corpus(self, path: str) -> bool:
        """Whether every question of a file stands in the demo corpus.

        Raises:
            DataError: If the file cannot be read.
        """
        shipped = [str(self.root / name) for name in DEMO_CORPUS]
        known = {prompt for name in shipped for prompt in files.load_prompts(name)}
        return set(files.load_prompts(path)) <= known

    def _question_file(self, name: str) -> Path:
        path = Path(name)
        if path.is_absolute() or path.exists():
            return path
        if (self.root / path).exists() or name not in files.public_names():
            return self.root / path
        return files.fetch_questions(name)


def _last_changed(path: Path) -> Path:
    """A file itself; of a folder, whatever in it changed last."""
    within = path.rglob("*") if path.is_dir() else ()
    return max((path, *within), key=lambda one: one.stat().st_ctime_ns)


@functools.lru_cache(maxsize=16)
def _questions(
    path: str,
    _stamp: Stamp | None,
    behaviour: str,
    max_questions: int,
    seed: int,
    in_file_order: bool,
    kind: str,
) -> QuestionSet:
    """By kind: questions with letters in one of two forms of text, or with written answers."""
    if kind == "likelihood":
        return answers.load_answers(path, behaviour, max_questions, seed, in_file_order)
    return files.load_questions(
        path,
        behaviour,
        max_questions=max_questions,
        seed=seed,
        in_file_order=in_file_order,
        verbatim=kind == "verbatim",
    )
