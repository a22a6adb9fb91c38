"""The Hugging Face hub's client: its token, and what went wrong in sentences of our own.

The token is read when it is needed and given to the client alone. No sentence repeats what the
client said, as its messages may hold what was sent. Knows nothing of packs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import ConfigError, DataError, EngineError

SECONDS = 20.0
_REPOSITORY = re.compile(
    r"(?:https://huggingface\.co/)?([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)/?"
)
_TOKEN = re.compile(r"[!-~]{1,4096}")
"""What can stand in a header; anything else the client would repeat in its error."""
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"
ANSWERS = {
    401: "refused the token (401): log in again with `hf auth login`",
    403: "does not let this token do that (403): give it write access",
    409: "says that it was changed or made meanwhile (409): try again",
    413: "says that it is too large (413): push fewer records",
    429: "was asked too often (429): try again in some minutes",
}
"""What the hub says by its status."""


def repository(name: str) -> str:
    """OWNER/NAME as a person writes it.

    Raises:
        ConfigError: If it is none.
    """
    found = _REPOSITORY.fullmatch(name)
    if found is None or ".." in name or "--" in name or len(found[1]) > 96:
        raise ConfigError(f"{name[:60]!r} is no repository of the hub: write it as OWNER/NAME.")
    return found[1]


def token() -> str | None:
    """The hub's token as its own client keeps it, None where nobody logged in.

    Raises:
        ConfigError: If it cannot be read, or can be no token.
    """
    from huggingface_hub import get_token

    try:
        found = get_token()
    # Its causes differ by version, and their texts may hold what was read.
    except Exception:  # noqa: BLE001
        raise ConfigError(f"The hub's token cannot be read: {LOGIN}.") from None
    if found is not None and not _TOKEN.fullmatch(found):
        raise ConfigError(f"The hub's token holds signs that no token has: {LOGIN}.")
    return found


def needed_token() -> str:
    """The same where nothing can be done without one.

    Raises:
        ConfigError: If nobody logged in.
    """
    found = token()
    if found is None:
        raise ConfigError(f"Nobody is logged in to the hub: {LOGIN}.")
    return found


@contextmanager
def asking(name: str, after: str = "") -> Iterator[None]:
    """Turn what the client raises into one sentence.

    Args:
        name: The repository.
        after: What a reader has to know of what is done already.

    Raises:
        DataError: If the hub cannot be reached, or refuses.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as error:  # noqa: BLE001  What its transport raises differs by version.
        raise _refusal(name, error, after) from None


def _refusal(name: str, error: Exception, after: str) -> Exception:
    from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled, RepositoryNotFoundError

    more = f" {after}" if after else ""
    if isinstance(error, OfflineModeIsEnabled):
        return DataError(f"HF_HUB_OFFLINE keeps the hub away from {name}: unset it.{more}")
    if isinstance(error, GatedRepoError):
        return DataError(f"{name} is gated: ask for access on its page.{more}")
    if isinstance(error, RepositoryNotFoundError):
        return DataError(f"The hub has no {name} for you: check its name, and {LOGIN}.{more}")
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        said = ANSWERS.get(status, f"answered with {status}: try again later")
        return DataError(f"For {name}, the hub {said}.{more}")
    of_transport = any(kind.__name__ == "HTTPError" for kind in type(error).__mro__)
    if not of_transport and not isinstance(error, OSError | ValueError):
        return error
    return DataError(f"The hub cannot be reached for {name}: check the network.{more}")
