"""The command line: all that the pages do, headless, with the same configs, store and digests.

Progress goes to stderr. The last line of stdout is one JSON object with `digest` and `path`, or
`error`; the exit code is 0, or 2 with one sentence for what the user can mend.
"""

import dataclasses
import errno
import functools
import sys
from collections.abc import Callable
from typing import Any

import typer

from engine.cli import bench, evaluate, evidence, find, generate, library, studies, tables, training
from engine.cli.answering import answer, answer_in_lines, open_engine
from engine.cli.audit import audit_files
from engine.cli.budgets import commands as budgets
from engine.cli.budgets import equal_cost
from engine.cli.from_config import STORE, Option, command, model_of, of_model
from engine.cli.keeping import commands as keeping
from engine.cli.keeping import sharing
from engine.cli.options import refuse_no_text, spread_vectors
from engine.cli.own.add import add
from engine.cli.reads import examples, probe, words
from engine.cli.similarity import similarity_of_sets
from engine.errors import Cancelled, EngineError
from engine.program.bar import bar

# Typer carries its own copy of click; its class of usage errors has no public name.
UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

STOPPED = 130
NAMED_WRONGLY = (
    *(errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
)
"""What the system says of a place that somebody named and can name otherwise."""
LONGEST = 600
"""Letters of a sentence that repeats what was given."""


def _check(given: dict[str, Any]) -> None:
    engine = open_engine(given["store"])
    with bar() as progress:
        door = engine.load(model_of(given), progress)
    status = engine.status()
    identity = door.loaded.identity()
    if not given["json"]:
        tables.checks(status)
    show = answer_in_lines if given["json"] else answer
    show(
        digest=identity["fingerprint"],
        path=given["model"],
        model=identity,
        notes=list(door.loaded.notes),
        passed=all(c.passed for c in status.checks),
        checks=[dataclasses.asdict(c) | {"consequence": c.consequence} for c in status.checks],
    )


JSON = Option("json", bool, False, "Only JSON, in lines, to paste into a report.", ("--json",))

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find, measure, compare and show steering vectors.",
)
app.add_typer(find.app(), name="find")
app.add_typer(studies.app(), name="experiment")
COMMANDS: dict[str, Callable[..., None]] = {
    "add": add,
    "import": library.import_record,
    "export": library.export_record,
    "evaluate": evaluate.command(),
    "suggest": budgets.suggest(),
    "blend": budgets.blend(),
    "equal-cost": equal_cost.command(),
    "probe": probe.command(),
    "words": words.command(),
    "similarity": similarity_of_sets,
    "audit": audit_files,
    "evidence": evidence.command(),
    "examples": examples.command(),
    "generate": generate.command(),
    "build-dataset": training.build_dataset(),
    "finetune": training.finetune(),
    "bench": bench.command(),
    "check": command(
        "Load a model and run the self-tests, each with its figure.",
        [*of_model(), JSON, STORE],
        _check,
    ),
    "compare": keeping.compare,
    "delete": keeping.delete,
    "restore": keeping.restore,
    "disk": keeping.disk_use,
    "list": library.list_records,
    "show": library.show,
    "name": library.name_thing,
    "pack": sharing.pack_records,
    "unpack": sharing.unpack_folder,
    "push": sharing.push_records,
    "pull": sharing.pull_records,
}
for name, verb in COMMANDS.items():
    app.command(name)(verb)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    given = spread_vectors(sys.argv[1:] if arguments is None else arguments)
    try:
        refuse_no_text(given)
        result = _commands()(given, standalone_mode=False, prog_name="engine")
    except EngineError as error:
        return _refuse(str(error))
    except UsageError as error:
        return _refuse(f"{error.format_message().rstrip('.')}; see --help.")
    except OSError as error:
        if error.errno not in NAMED_WRONGLY or error.filename is None:
            raise
        return _refuse(f"{error.filename} cannot be used ({error.strerror}): name another place.")
    except (MemoryError, RuntimeError) as error:
        # Torch, without which nothing of this kind is raised, takes seconds to import.
        from engine.model.batches import ran_out

        if not ran_out(error):
            raise
        return _refuse("There is not enough memory for this: ask for less at once.")
    except (Cancelled, typer.Abort):
        return _stopped()
    # Typer turns Ctrl-C into this exit code.
    return _stopped() if result == STOPPED else int(result or 0)


@functools.cache
def _commands() -> Callable[..., Any]:
    """Every command with its options; Typer itself would read all functions anew at each run."""
    return typer.main.get_command(app)


def _stopped() -> int:
    answer(error="Stopped; what was finished is kept and will be used again.")
    return STOPPED


def _refuse(sentence: str) -> int:
    if len(sentence) > LONGEST:
        half = LONGEST // 2
        sentence = f"{sentence[:half]} … {sentence[-half + 3 :]}"
    print(sentence, file=sys.stderr)
    answer(error=sentence)
    return 2
