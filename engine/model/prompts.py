"""Text to tokens: chat templates, the fallback where there is none, and the answer tokens.

Knows nothing of models; a tokenizer is all it needs.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.configs.core import TEMPLATE_DATE
from engine.errors import DataError
from engine.model.declared.positions import Positions
from engine.model.templates import Template, Turn

FALLBACK = "{system}{user}\n\nAnswer: "
"""Plain template for tokenizers without a chat template."""
_PLAIN = {"system": "{}\n\n", "user": "{}\n\nAnswer: ", "assistant": "{}\n\n"}
"""The same, turn by turn."""
NO_TEMPLATE = (
    "This tokenizer has no chat template: prompts are plain text, the system prompt "
    "first, then the question and 'Answer:'."
)
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class AnswerTokens:
    """How this tokenizer answers an A/B question."""

    prefix: str
    """Text written into the answer before the letter is read: "" or "("."""
    a: int
    """Token id of the answer A."""
    b: int
    rule: str
    """The rule in words, as shown on screen."""


class Prompter:
    """Renders prompts for one tokenizer."""

    def __init__(
        self, tokenizer: Any, vocabulary: int | None = None, *, date: str = TEMPLATE_DATE
    ) -> None:
        """Take a loaded tokenizer; it is never changed.

        Args:
            tokenizer: Of the library.
            vocabulary: How many tokens the model knows; None takes what the tokenizer writes.
            date: The day that its chat template is told, as YYYY-MM-DD.

        Raises:
            ModelError: If it has several chat templates and none is the usual one.
        """
        self.tokenizer = tokenizer
        self._vocabulary = vocabulary
        self.positions = Positions()
        """How long a text may be; whoever loads a model says."""
        self.has_template = bool(getattr(tokenizer, "chat_template", None))
        self._template = Template(tokenizer, date) if self.has_template else None

    def on(self, date: str) -> "Prompter":
        """The same, with another day told to the chat template."""
        other = Prompter(self.tokenizer, self._vocabulary, date=date)
        other.positions = self.positions
        return other

    @property
    def template_hash(self) -> str:
        """Twelve hex digits of the template's SHA-256, or of the fallback's."""
        text = FALLBACK if self._template is None else self._template.text
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def reads_date(self) -> bool:
        """Whether prompts can hold the date that the chat template is told."""
        return self._template is not None and self._template.reads_date

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences a reader of anything made with these prompts should see.

        Raises:
            ModelError: If the chat template cannot be rendered.
        """
        own = (NO_TEMPLATE,) if self._template is None else self._template.notes
        return (*own, *self.positions.notes)

    def render(self, user: str, system: str | None = None) -> str:
        """The prompt up to the point where the model begins to answer.

        Raises:
            ModelError: If the chat template cannot be rendered.
        """
        if self._template is None:
            return FALLBACK.format(system=f"{system}\n\n" if system else "", user=user)
        return self._template.conversation(self.turns(user, system), begins=True)

    @staticmethod
    def turns(user: str, system: str | None = None, answer: str | None = None) -> list[Turn]:
        """A question with what stands before and after it, for `conversation`."""
        said = (("system", system or None), ("user", user), ("assistant", answer))
        return [{"role": role, "content": text} for role, text in said if text is not None]

    def conversation(self, turns: Sequence[Turn]) -> str:
        """Whole turns as the chat template writes them, without the beginning of a next one.

        Raises:
            ModelError: If the chat template cannot be rendered.
        """
        if self._template is None:
            raise ValueError("Only a chat template writes conversations.")
        return self._template.conversation(turns, begins=False)

    def spoken(self, turns: Sequence[Turn], answer: str = "", more: int = 0) -> list[int]:
        """Token ids of a conversation up to where the model answers; of one question, as `tokens`.

        Args:
            turns: The last one is the user's; a system turn, if any, comes first.
            answer: The beginning of the answer.
            more: How many tokens may be written after it.

        Raises:
            ModelError: If the chat template cannot be rendered, or refuses these turns.
            DataError: If the model has no positions for all of it.
        """
        found = self.encode(self.written(turns) + answer)
        self.positions.take(len(found), more)
        return found

    def written(self, turns: Sequence[Turn]) -> str:
        """A conversation up to where the model answers, as text.

        Raises:
            ModelError: If the chat template cannot be rendered, or refuses these turns.
        """
        if self._template is None:
            return "".join(_PLAIN[str(turn["role"])].format(turn["content"]) for turn in turns)
        return self._template.conversation(turns, begins=True)

    def raw(self, text: str, more: int = 0) -> list[int]:
        """Token ids of a text that the model goes on from, without any template.

        Raises:
            DataError: If it is empty, or the model has no positions for all of it.
        """
        if not text.strip():
            raise DataError("The text is empty: write one.")
        found = self.encode(text, is_plain=True)
        self.positions.take(len(found), more)
        return found

    def encode(self, rendered: str, is_plain: bool | None = None) -> list[int]:
        """Token ids of a rendered prompt; templates already hold their own special tokens.

        Args:
            rendered: The text.
            is_plain: Whether the tokenizer adds its own special tokens; None asks the template.

        Raises:
            DataError: If the model does not know one of them, or the text is not whole.
        """
        if _HALF.search(rendered):
            raise DataError(
                "The prompt or its chat template holds half of a character (a lone surrogate): "
                "remove it."
            )
        plain = not self.has_template if is_plain is None else is_plain
        ids = self.tokenizer(rendered, add_special_tokens=plain)["input_ids"]
        eos = self.tokenizer.eos_token_id
        if plain and len(ids) > 1 and ids[-1] == eos:
            ids = ids[:-1]
        if self._vocabulary is not None and max(ids, default=0) >= self._vocabulary:
            token = self.tokenizer.convert_ids_to_tokens(max(ids))
            raise DataError(
                f"The tokenizer writes {token!r}, which this model of {self._vocabulary} tokens "
                "does not know: leave it out of the prompt and the chat template."
            )
        return list(ids)

    def tokens(
        self, user: str, system: str | None = None, answer: str = "", more: int = 0
    ) -> list[int]:
        """Token ids of a prompt.

        Args:
            user: What is asked.
            system: The system prompt, if any.
            answer: The beginning of an answer.
            more: How many tokens may be written after it.

        Raises:
            DataError: If the prompt is empty, or the model has no positions for all of it.
        """
        if not user.strip():
            raise DataError("The prompt is empty: write one.")
        found = self.encode(self.render(user, system) + answer)
        self.positions.take(len(found), more)
        return found

    def answer_tokens(self, letters: Literal["bracketed", "bare"] = "bracketed") -> AnswerTokens:
        """The tokens that answer A and B right after the prompt, found, never assumed.

        Args:
            letters: "bare" takes the letters alone, as the corrigibility study read them, though
                a model that writes "(A" begins with another token.

        Raises:
            DataError: If neither "(A" nor, after "(", "A" is one token of its own; or, bare, "A"
                or "B" is none.
        """
        if letters == "bare":
            return self._bare_tokens()
        found = self.letter_tokens("AB")
        if found is not None:
            prefix, (a, b) = found
            words = (
                "the single tokens (A and (B right after the prompt"
                if not prefix
                else "the single tokens A and B after a written '('"
            )
            return AnswerTokens(prefix=prefix, a=a, b=b, rule=words)
        raise DataError(
            "This tokenizer splits the answers (A) and (B) into shared pieces: A/B questions "
            "cannot be scored by one token; compare generations instead."
        )

    def _bare_tokens(self) -> AnswerTokens:
        ids = [self.tokenizer(letter, add_special_tokens=False)["input_ids"] for letter in "AB"]
        if any(len(one) != 1 for one in ids):
            raise DataError(
                "This tokenizer has no single tokens A and B: use bracketed letters instead."
            )
        rule = "the single tokens A and B right after the prompt"
        return AnswerTokens(prefix="", a=ids[0][0], b=ids[1][0], rule=rule)

    def letter_tokens(self, letters: str) -> tuple[str, tuple[int, ...]] | None:
        """What to write before the letter, and the token of each; None where they share pieces.

        Either "(A" is one token right after the prompt, or "A" is one after a written "(".
        """
        for prefix, before in (("", "("), ("(", "")):
            ids = [self._single(prefix, before + letter) for letter in letters]
            if None not in ids and len(set(ids)) == len(ids):
                return prefix, tuple(token for token in ids if token is not None)
        return None

    def _single(self, prefix: str, letter: str) -> int | None:
        stem = self.render("Which one?\n\nChoices:\n (A) Yes\n (B) No", "Answer.") + prefix
        before, after = self.encode(stem), self.encode(stem + letter)
        is_single = len(after) == len(before) + 1 and after[:-1] == before
        return after[-1] if is_single else None


def shared_prefix(sequences: list[list[int]]) -> int:
    """How many leading tokens all sequences share, leaving each at least one of its own."""
    shortest = min(len(s) for s in sequences)
    count = 0
    while count < shortest - 1 and len({s[count] for s in sequences}) == 1:
        count += 1
    return count
