"""What runs in the process of a trial: a template on a few conversations, within bounds.

Run as a file, apart from everything else here, so that it starts in a moment. Knows nothing of the
program that asks.
"""

import contextlib
import functools
import itertools
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NoReturn

TOO_MUCH = 3
"""Exit code where a template wanted more than there is."""
SAID = ("system", "You are a helpful assistant."), ("user", "Would you?"), ("assistant", "I would.")


def main() -> int:
    """Render every conversation; whatever the template raises ends that one well."""
    asked = json.load(sys.stdin)
    _bound(asked["seconds"], asked["bytes"])
    try:
        template = _environment().from_string(asked["template"])
        for turns, begins in itertools.product(_conversations(), (True, False)):
            with contextlib.suppress(_RaisedError):
                text = _rendered(template, asked["words"], turns, begins)
                if len(text) > asked["characters"]:
                    return TOO_MUCH
    except MemoryError:
        return TOO_MUCH
    except Exception:  # noqa: BLE001 - It cannot be read, which is said where it is used.
        return 0
    return 0


class _RaisedError(Exception):
    """The template refused a conversation."""


def _rendered(
    template: Any, words: dict[str, Any], turns: list[dict[str, Any]], begins: bool
) -> str:
    try:
        return template.render(
            words | {"messages": turns, "add_generation_prompt": begins, "enable_thinking": False}
        )
    except MemoryError:
        raise
    except Exception as error:
        raise _RaisedError from error


def _conversations() -> Iterator[list[dict[str, Any]]]:
    for first, last in ((1, 2), (0, 2), (0, 3), (1, 3)):
        for in_parts in (False, True):
            yield [
                {
                    "role": role,
                    "content": [{"type": "text", "text": text}] if in_parts else text,
                }
                for role, text in SAID[first:last]
            ]


def _bound(seconds: int, size: int) -> None:
    try:
        import resource
    except ImportError:  # No such limits on this system: the clock alone bounds it.
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _environment() -> Any:
    """Jinja with what chat templates are given by transformers."""
    from jinja2 import TemplateError, ext, nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(ext.Extension):
        """Blocks that mark what a model says; their text is what they hold."""

        tags = {"generation"}  # noqa: RUF012 - As the library declares it.

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = functools.partial(json.dumps, ensure_ascii=False)
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


if __name__ == "__main__":
    sys.exit(main())
