"""`evidence DIGEST…`: how far found vectors can be trusted."""

from collections.abc import Callable
from typing import Any

from engine.cli import tables
from engine.cli.answering import answer, open_engine
from engine.cli.from_config import STORE, Option, about, options_of, values
from engine.cli.from_config import command as made
from engine.configs.evidence import EvidenceConfig
from engine.errors import ConfigError
from engine.program.bar import bar
from engine.questions import files
from engine.store.references import reference

OTHER_PROMPTS = "data/prompts/shutdown.txt"


def command() -> Callable[..., None]:
    """The command, which gathers evidence for one set after the other."""
    sets, none = "Digests or files of sets.", "File of prompts to repeat from; empty for none."
    asked = options_of(EvidenceConfig)
    every = [
        Option("vectors", list[str] | None, None, sets, is_argument=True),
        asked.pop("seeds"),
        Option("prompts", str, OTHER_PROMPTS, none, data=("prompts",)),
        Option("most_prompts", int, 2, "How many of them."),
        *asked.values(),
    ]
    return made(about(EvidenceConfig), [*every, STORE], _gather)


def _gather(given: dict[str, Any]) -> None:
    if not given["vectors"]:
        raise ConfigError("No set of vectors was named: give its digest or file.")
    engine, file = open_engine(given["store"]), given["prompts"]
    prompts = files.load_prompts(file)[: given["most_prompts"]] if file else ()
    digests, sentences = [], {}
    for name in given["vectors"]:
        vectors = reference(engine.store, name).digest
        told = values(EvidenceConfig, given)
        config = EvidenceConfig(vectors=vectors, prompts=prompts, **told)
        with bar() as progress:
            digests.append(engine.run(config, progress))
        record = tables.show(engine.store, engine.store.find(digests[-1]))
        sentences[config.vectors] = record["sentences"]
    path = engine.store.find(digests[-1]).path
    answer(digest=digests[-1], path=path, digests=digests, sentences=sentences)
