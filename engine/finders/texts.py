"""Pairs to token sequences, and at which of their positions states are read.

The deception study's own way is here too: whole conversations padded to one length, the padding
read as text, the state taken at the last position whatever stands there. Its two families were
read through two templates written by hand, which differed: here the questions' differs likewise.
"""

from dataclasses import dataclass

from engine.configs.pairs import IN_ANSWER, ContrastiveConfig, FinetuneDiffConfig, template_token
from engine.errors import ConfigError, DataError
from engine.model.prompts import Prompter
from engine.questions.pairs import ContrastPair, PairSet

STUDY_CONTRAST_LENGTH = 128
STUDY_DIFFERENCE_LENGTH = 64
"""Tokens to which the deception study padded or cut its texts."""


@dataclass(frozen=True, eq=False)
class Text:
    """One sequence of tokens to read."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    """What follows the prompt; empty where nothing in it is read."""
    places: tuple[tuple[int, int], ...]
    """Spans of positions, end not included; the mean over each span is read."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """The whole sequence."""
        return self.prompt + self.answer


class Reader:
    """Writes the texts of one config for one tokenizer."""

    def __init__(self, prompter: Prompter, config: ContrastiveConfig | FinetuneDiffConfig) -> None:
        """Find the tokens that the template writes after a question.

        Raises:
            ConfigError: If a token behind the last one of the template was asked for.
        """
        self._prompter = prompter
        self._config = config
        self._last: tuple[tuple[str, str | None], tuple[str, list[int]]] | None = None
        token = template_token(config.position)
        self.tail = _tail_length(prompter)
        if token is not None and token > self.tail:
            raise ConfigError(
                f"Position {config.position} was asked for, but this model's template writes "
                f"{self.tail} tokens after the question: use template-1 to template-{self.tail}."
            )

    def text(self, prompt: str, system: str | None, answer: str) -> Text:
        """A prompt with the beginning of an answer where the position lies in one."""
        if self._config.position not in IN_ANSWER:
            tokens = self._prompter.tokens(prompt, system)
            return Text(tuple(tokens), (), self._prompt_places(len(tokens)))
        rendered, before = self._rendered(prompt, system)
        whole, begin = answered(self._prompter, rendered, before, answer)
        first = begin if self._config.position == "answer-mean" else len(whole) - 1
        return Text(tuple(whole[:begin]), tuple(whole[begin:]), ((first, len(whole)),))

    def _rendered(self, prompt: str, system: str | None) -> tuple[str, list[int]]:
        """A prompt and its tokens; both poles of a pair mostly ask for the same one."""
        if self._last is None or self._last[0] != (prompt, system):
            rendered = self._prompter.render(prompt, system)
            # Texts without a question are read as answers to an empty message.
            tokens = (
                self._prompter.tokens(prompt, system) if prompt else self._prompter.encode(rendered)
            )
            self._last = (prompt, system), (rendered, tokens)
        return self._last[1]

    def _prompt_places(self, length: int) -> tuple[tuple[int, int], ...]:
        token = template_token(self._config.position)
        tokens = range(1, self.tail + 1) if token == 0 else [token or 1]
        return tuple((length - k, length - k + 1) for k in tokens)

    def padded(
        self, prompt: str, system: str | None, answer: str | None, length: int, on_left: bool
    ) -> Text:
        """The study's way: padded or cut to a length, read at the last position."""
        tokenizer = self._prompter.tokenizer
        if answer is None:
            tokens = self._prompter.encode(self._drifted(self._prompter.render(prompt, system)))
        else:
            tokens = self._prompter.encode(self._conversation(prompt, system, answer))
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        tokens = tokens[:length]
        padding = [pad] * (length - len(tokens))
        whole = padding + tokens if on_left else tokens + padding
        return Text(tuple(whole), (), ((length - 1, length),))

    def _drifted(self, rendered: str) -> str:
        """A prompt as the study rendered it: begun twice, with one line break less at the end."""
        begin = self._prompter.tokenizer.bos_token
        twice = begin + rendered if begin and rendered.startswith(begin) else rendered
        return twice[:-1] if twice.endswith("\n\n") else twice

    def _conversation(self, prompt: str, system: str | None, answer: str) -> str:
        if not self._prompter.has_template:
            return self._prompter.render(prompt, system) + answer + "\n"
        return self._prompter.conversation(self._prompter.turns(prompt, system, answer))


def answered(
    prompter: Prompter, rendered: str, before: list[int], answer: str
) -> tuple[list[int], int]:
    """The tokens of a prompt with an answer, and where the answer begins.

    Args:
        prompter: Knows the tokenizer.
        rendered: The prompt as text.
        before: Its tokens.
        answer: What stands behind it.
    """
    whole = prompter.encode(rendered + answer)
    prompter.positions.take(len(whole))
    # A tokenizer may join the end of the prompt and the beginning of the answer.
    same = next((i for i, (a, b) in enumerate(zip(before, whole, strict=False)) if a != b), None)
    return whole, min(len(before) if same is None else same, len(whole) - 1)


def _tail_length(prompter: Prompter) -> int:
    """How many tokens every prompt ends with, whatever was asked."""
    first, second = (prompter.tokens(question)[::-1] for question in ("Why?", "Tell me more"))
    same = (a == b for a, b in zip(first, second, strict=False))
    return max(1, next((i for i, is_same in enumerate(same) if not is_same), 1))


def contrast_texts(
    reader: Reader, config: ContrastiveConfig, pair: ContrastPair
) -> tuple[Text, Text]:
    """The texts of the positive and of the negative pole."""
    systems = (pair.system or config.system,) * 2
    if config.contrast in ("system", "both"):
        systems = (config.positive_system, config.negative_system)
    answers = (pair.positive, pair.negative)
    if config.variant == "study":
        return tuple(  # type: ignore[return-value]
            reader.padded(pair.prompt, system, answer, STUDY_CONTRAST_LENGTH, on_left=True)
            for system, answer in zip(systems, answers, strict=True)
        )
    return tuple(  # type: ignore[return-value]
        reader.text(pair.prompt, system, answer)
        for system, answer in zip(systems, answers, strict=True)
    )


def difference_texts(
    reader: Reader, config: FinetuneDiffConfig, pair: ContrastPair
) -> tuple[Text, ...]:
    """The texts on which the adapter is switched: the prompt, or both of its answers."""
    if config.variant == "study":
        return (reader.padded(pair.prompt, None, None, STUDY_DIFFERENCE_LENGTH, on_left=False),)
    system = pair.system or config.system
    answers = (pair.positive, pair.negative) if config.position in IN_ANSWER else ("",)
    return tuple(reader.text(pair.prompt, system, answer) for answer in answers)


def check_answers(
    config: ContrastiveConfig | FinetuneDiffConfig, found: PairSet, needs_answers: bool
) -> None:
    """Refuse positions that these pairs do not have.

    Raises:
        DataError: If answers are needed and there are none, or letters and there are none.
    """
    if needs_answers and found.kind == "questions":
        raise DataError(
            f"{found.name} holds questions without a positive and a negative answer: give a file "
            "of pairs, or read states before the answer (--position last-prompt)."
        )
    if config.position == "letter" and found.kind != "letters":
        raise DataError(
            f"{found.name} holds no A/B questions, so there is no option letter to read: use "
            "--position answer-mean."
        )
