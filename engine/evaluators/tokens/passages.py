"""A text as tokens, and where its prompt ends. Knows nothing of vectors."""

from engine.configs.reads.strips import MOST_TOKENS, Passage
from engine.errors import DataError
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
    if passage.tokens:
        return list(passage.tokens), passage.prompt_length or len(passage.tokens)
    bare = _begun(door, passage, passage.prefill)
    if passage.answer_tokens:
        return [*bare, *passage.answer_tokens], len(bare)
    if not passage.answer:
        return bare, len(bare)
    # A tokenizer may join the end of the prompt and the beginning of the answer.
    whole = _begun(door, passage, passage.prefill + passage.answer)
    pairs = enumerate(zip(bare, whole, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), len(bare))
    return whole, min(same, len(whole) - 1)


def _begun(door: Forward, passage: Passage, answer: str) -> list[int]:
    """The prompt with words of an answer behind it."""
    prompter = door.loaded.prompter
    if passage.turns:
        turns = [{"role": role, "content": text} for role, text in passage.turns]
        return prompter.spoken(turns, answer)
    if passage.prompt is not None:
        return prompter.tokens(passage.prompt, passage.system, answer)
    return prompter.raw((passage.plain or "") + answer)
