"""The demo tokenizer: byte-level BPE, cut as Qwen3 cuts text, with a Qwen3-like chat template.

`(A` and `(B` are single tokens where an answer begins, while ` (A)` inside a question becomes
` (`, `A`, `)`, exactly as in Qwen3.
"""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from engine.demo.corpus.examples import Example

VOCABULARY = 2304
"""Number of tokens, special ones included."""

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
THINK = ["<think>", "</think>"]

QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen3 cuts text before byte pairs are merged."""

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\\n\\n</think>\\n\\n' }}"
    "{%- endif %}"
    "{%- endif %}"
)
"""Qwen3's template without tools; `enable_thinking=False` adds the empty think block."""


def build_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Learn the byte pairs from texts and attach the chat template."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(THINK),
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.add_tokens([AddedToken(token, normalized=False) for token in THINK])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=512,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def list_texts(examples: Iterable[Example]) -> list[str]:
    """Flatten examples into the texts from which byte pairs are learned."""
    roles = ["system", "user", "assistant", "\n\n"] * 3000
    return roles + [text for e in examples for text in (e.system or "", e.user, e.answer)]


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load the tokenizer that was saved into a model folder."""
    tokenizer: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(str(folder))
    return tokenizer


def get_letter_ids(tokenizer: PreTrainedTokenizerFast, letters: str) -> list[int]:
    """Give the ids of the tokens `(A`, `(B`, … with which an answer begins."""
    ids = tokenizer.convert_tokens_to_ids([f"({letter}" for letter in letters])
    return list(ids) if isinstance(ids, list) else [ids]


def render_chat(
    tokenizer: PreTrainedTokenizerFast, system: str | None, user: str, *, is_thinking: bool = False
) -> str:
    """Render a prompt; by default with the empty think block."""
    turns = [] if system is None else [{"role": "system", "content": system}]
    turns.append({"role": "user", "content": user})
    if is_thinking:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    return str(
        tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    )
