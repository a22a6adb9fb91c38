"""`evidence DIGEST…`: how far found vectors can be trusted."""

from typing import Annotated

import typer

from engine import ROOT
from engine.cli import tables
from engine.cli.options import StoreDir, answer, open_engine
from engine.configs.evidence import EvidenceConfig
from engine.errors import ConfigError
from engine.program.bar import bar
from engine.questions import files
from engine.store.references import reference

OTHER_PROMPTS = "data/prompts/shutdown.txt"


def evidence(
    vectors: Annotated[list[str] | None, typer.Argument(help="Digests or files of sets.")] = None,
    seeds: Annotated[int, typer.Option(help="Repeats with other seeds.")] = 2,
    prompts: Annotated[
        str, typer.Option(help="File of prompts to repeat from; empty for none.")
    ] = OTHER_PROMPTS,
    most_prompts: Annotated[int, typer.Option(help="How many of them.")] = 2,
    draws: Annotated[int, typer.Option(help="Random directions beside MELBO vectors.")] = 128,
    store: StoreDir = ROOT,
) -> None:
    """Repeat finders with other seeds and prompts; residuals, gaps, displacement, reliability."""
    if not vectors:
        raise ConfigError("No set of vectors was named: give its digest or file.")
    engine = open_engine(store)
    given = files.load_prompts(prompts)[:most_prompts] if prompts else ()
    digests, sentences = [], {}
    for name in vectors:
        config = EvidenceConfig(
            vectors=reference(engine.store, name).digest, seeds=seeds, prompts=given, draws=draws
        )
        with bar() as progress:
            digests.append(engine.run(config, progress))
        record = engine.store.load_experiment(digests[-1])
        tables.experiment(record)
        sentences[config.vectors] = record["sentences"]
    answer(
        digest=digests[-1],
        path=engine.store.find(digests[-1]).path,
        digests=digests,
        sentences=sentences,
    )
