"""A text as tokens, and where its prompt ends. Knows nothing of vectors."""

from engine.configs.reads.strips import MOST_TOKENS, Passage
from engine.errors import DataError
from engine.evaluators.answer_likelihood import split
from engine.model.forward import Forward


def tokens_of(door: Forward, passage: Passage) -> tuple[list[int], int]:
    """Tokens of a text with the template's own, and how many of them are its prompt.

    Raises:
        DataError: If it is too long, or has a token that the model does not know.
    """
    found, length = _tokens(door, passage)
    if len(found) > MOST_TOKENS:
        raise DataError(
            f"The text has {len(found):,} tokens, and a strip shows at most {MOST_TOKENS:,}: "
            "shorten it."
        )
    vocabulary = len(door.loaded.tokenizer)
    if min(found) < 0 or max(found) >= vocabulary:
        raise DataError(
            f"The text names token {max(found)}, but this model's tokenizer has tokens 0 to "
            f"{vocabulary - 1}: use its own tokens."
        )
    door.loaded.prompter.positions.take(len(found))
    return found, length


def _tokens(door: Forward, passage: Passage) -> tuple[list[int], int]:
    prompter = door.loaded.prompter
    if passage.tokens:
        return list(passage.tokens), passage.prompt_length or len(passage.tokens)
    if passage.prompt is None:
        found = prompter.encode(passage.plain or "")
        return found, len(found)
    if not passage.answer.strip():
        found = prompter.tokens(passage.prompt, passage.system)
        return found, len(found)
    prompt, (answer,) = split(prompter, passage.prompt, passage.system, [passage.answer])
    return prompt + answer, len(prompt)
