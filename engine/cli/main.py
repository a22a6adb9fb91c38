"""The command line: all that the pages do, headless, with the same configs, store and digests.

Progress goes to stderr. The last line of stdout is one JSON object with `digest` and `path`, or
`error`; the exit code is 0, or 2 with one sentence for what the user can mend.
"""

import dataclasses
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from engine import ROOT
from engine.cli import evaluate, find, generate, library, studies, tables, training
from engine.cli.audit import audit_files
from engine.cli.bench import bench
from engine.cli.evidence import evidence
from engine.cli.options import (
    Adapter,
    Device,
    Dtype,
    Model,
    StoreDir,
    answer,
    model_config,
    open_engine,
    spread_vectors,
)
from engine.cli.similarity import similarity_of_sets
from engine.errors import Cancelled, EngineError
from engine.program.bar import bar

# Typer carries its own copy of click; its class of usage errors has no public name.
UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

STOPPED = 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find, measure, compare and show steering vectors.",
)
app.add_typer(find.app(), name="find")
app.add_typer(studies.app(), name="experiment")
library.attach(app)
app.command("evaluate")(evaluate.command())
app.command("similarity")(similarity_of_sets)
app.command("audit")(audit_files)
app.command()(evidence)
app.command("generate")(generate.command())
app.command("build-dataset")(training.build_dataset())
app.command("finetune")(training.finetune())
app.command()(bench)


@app.command()
def check(
    model: Model = "demo",
    adapter: Adapter = None,
    dtype: Dtype = "auto",
    device: Device = "auto",
    store: StoreDir = ROOT,
) -> None:
    """Load a model and run the self-tests, each with its figure."""
    engine = open_engine(store)
    with bar() as progress:
        door = engine.load(model_config(model, adapter, dtype, device), progress)
    status = engine.status()
    tables.checks(status)
    identity = door.loaded.identity()
    answer(
        digest=identity["fingerprint"],
        path=model,
        model=identity,
        passed=all(c.passed for c in status.checks),
        checks=[dataclasses.asdict(c) for c in status.checks],
    )


@app.command("list")
def list_records(store: StoreDir = ROOT) -> None:
    """What the store holds, newest first."""
    found = open_engine(store).store
    infos = found.list()
    tables.library(infos, found.damaged())
    answer(digest=None, path=str(found.root), records=[info._asdict() for info in infos])


@app.command()
def show(
    digest: Annotated[str, typer.Argument(help="Digest, its beginning, or a file.")],
    store: StoreDir = ROOT,
) -> None:
    """One record: what it was made with, and its figures."""
    found = open_engine(store).store
    info = found.find(digest)
    if info.kind == "vectors":
        tables.vectors(found.load_vectors(info.digest))
    elif info.kind == "evaluation":
        tables.evaluation(found.load_evaluation(info.digest))
    elif info.kind == "generation":
        generate.report(found.load_generation(info.digest))
    else:
        tables.experiment(found.load_experiment(info.digest))
    answer(**info._asdict())


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    command: Callable[..., Any] = app
    try:
        result = command(spread_vectors(given), standalone_mode=False, prog_name="engine")
    except EngineError as error:
        return _refuse(str(error))
    except UsageError as error:
        return _refuse(f"{error.format_message().rstrip('.')}; see --help.")
    except (Cancelled, typer.Abort):
        return _stopped()
    # Typer turns Ctrl-C into this exit code.
    return _stopped() if result == STOPPED else int(result or 0)


def _stopped() -> int:
    answer(error="Stopped; what was finished is kept and will be used again.")
    return STOPPED


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    answer(error=sentence)
    return 2
