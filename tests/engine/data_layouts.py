"""Layouts of data, three rows each, with what each gives as which kind; the rest is refused."""

from typing import Any

R = range(3)
AB_TEXT = "Case {}?\n\nChoices:\n (A) Comply {}\n (B) Resist {}"


def asked(i: int, first: str, second: str) -> str:
    return f"Q{i}?\n\nChoices:\n (A) {first}\n (B) {second}"


def prompts(text: str) -> dict[str, Any]:
    """What texts give that are no more than prompts."""
    every = [text.format(*[i] * text.count("{}")) for i in R]
    return {"prompts": every, "corpus": [(None, one, "") for one in every]}


def two(kind: str, positive: str, negative: str, labels: tuple[str, str]) -> dict[str, Any]:
    """What two texts give, with a question of a form or without."""
    said = [(kind.format(i), f"{positive} {i}", f"{negative} {i}") for i in R]
    texts = [
        (ask, text, label) for ask, *both in said for text, label in zip(both, labels, strict=True)
    ]
    return {"pairs": said, "corpus": texts}


def one(question: str) -> dict[str, Any]:
    """What questions with one answer each give."""
    said = [(question.format(i), f"Hello {i}") for i in R]
    return {
        "pairs": [(ask, answer, "") for ask, answer in said],
        "prompts": [ask for ask, _ in said],
        "corpus": [(ask, answer, "") for ask, answer in said],
    }


def known(count: int, right: Any) -> list[Any]:
    return [(f"Q{i}?", tuple(f"{c}{i}" for c in "abcd"[:count]), right(i)) for i in R]


LAYOUTS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "ab": (
        [
            {"question": AB_TEXT.format(i, i, i), "answer_matching_behavior": "(B)",
             "answer_not_matching_behavior": "(A)"}
            for i in R
        ],
        {
            "questions": [(f"Case {i}?", f"Resist {i}", f"Comply {i}") for i in R],
            "pairs": [(AB_TEXT.format(i, i, i), "(B", "(A") for i in R],
            **prompts(AB_TEXT),
        },
    ),
    "yes-no": (
        [
            {"question": f"Is {i} so?", "answer_matching_behavior": " Yes",
             "answer_not_matching_behavior": " No"}
            for i in R
        ],
        {
            "questions": [(f"Is {i} so?", "Yes", "No") for i in R],
            # The file does not say which stands first: the words' hashes do.
            "pairs": [
                (f"Is {i} so?\n\nChoices:\n (A) {first}\n (B) {second}", *letters)
                for i, first, second, letters in (
                    (0, "Yes", "No", ("(A", "(B")), (1, "Yes", "No", ("(A", "(B")),
                    (2, "No", "Yes", ("(B", "(A")),
                )
            ],
            **prompts("Is {} so?"),
        },
    ),
    "mmlu": (
        [
            {"question": f"Q{i}?", "subject": "x", "choices": [f"{c}{i}" for c in "abcd"],
             "answer": i}
            for i in R
        ],
        {"knowledge": known(4, lambda i: i), **prompts("Q{}?")},
    ),
    "arc": (
        [
            {"question": f"Q{i}?", "choices": {"text": [f"a{i}", f"b{i}", f"c{i}"],
             "label": ["1", "2", "3"]}, "answerKey": "3"}
            for i in R
        ],
        {"knowledge": known(3, lambda i: 2), **prompts("Q{}?")},
    ),
    "truthful-qa": (
        [
            {"question": f"Q{i}?",
             "mc1_targets": {"choices": [f"a{i}", f"b{i}"], "labels": [0, 1]}}
            for i in R
        ],
        {
            "questions": [(f"Q{i}?", f"b{i}", f"a{i}") for i in R],
            "pairs": [(asked(i, f"a{i}", f"b{i}"), "(B", "(A") for i in R],
            "knowledge": known(2, lambda i: 1),
            **prompts("Q{}?"),
        },
    ),
    "columns": (
        [{"question": f"Q{i}?", "A": f"a{i}", "B": f"b{i}", "C": f"c{i}", "D": f"d{i}",
          "answer": "C"} for i in R],
        {"knowledge": known(4, lambda i: 2), **prompts("Q{}?")},
    ),
    "knowledge": (
        [{"question": f"Q{i}?", "options": [f"{c}{i}" for c in "abc"], "answer": "B"} for i in R],
        {"knowledge": known(3, lambda i: 1), **prompts("Q{}?")},
    ),
    "dpo": (
        [{"prompt": f"Q{i}?", "chosen": f"Hello {i}", "rejected": f"Go {i}"} for i in R],
        {
            "questions": [(f"Q{i}?", f"Hello {i}", f"Go {i}") for i in R],
            "prompts": [f"Q{i}?" for i in R],
            **two("Q{}?", "Hello", "Go", ("positive", "negative")),
        },
    ),
    "positive-negative": (
        [{"positive": f"h {i}", "negative": f"s {i}"} for i in R],
        two("", "h", "s", ("positive", "negative")),
    ),
    "deceptive-honest": (
        [{"question": f"Q{i}?", "deceptive": f"h {i}", "honest": f"s {i}"} for i in R],
        {
            "questions": [(f"Q{i}?", f"h {i}", f"s {i}") for i in R],
            "prompts": [f"Q{i}?" for i in R],
            **two("Q{}?", "h", "s", ("deceptive", "honest")),
        },
    ),
    "two texts": (
        [[f"h {i}", f"s {i}"] for i in R],
        two("", "h", "s", ("positive", "negative")),
    ),
    "alpaca": (
        [{"instruction": f"Give {i}", "input": "", "output": f"Hello {i}"} for i in R],
        one("Give {}"),
    ),
    "share-gpt": (
        [
            {"id": str(i), "conversations": [{"from": "human", "value": f"Hi {i}"},
             {"from": "gpt", "value": f"Hello {i}"}]}
            for i in R
        ],
        one("Hi {}"),
    ),
    "messages": (
        [
            {"messages": [{"role": "user", "content": f"Hi {i}"},
             {"role": "assistant", "content": f"Hello {i}"}]}
            for i in R
        ],
        one("Hi {}"),
    ),
    "advbench": ([{"goal": f"W {i}", "target": f"Hello {i}"} for i in R], one("W {}")),
    "texts": (
        [{"text": f"W {i}"} for i in R],
        {"pairs": [(f"W {i}", "", "") for i in R], **prompts("W {}")},
    ),
    "strings": (
        [f"W {i}" for i in R],
        {"pairs": [(f"W {i}", "", "") for i in R], **prompts("W {}")},
    ),
    "unknown": ([dict.fromkeys(("foo", "bar", "baz"), f"some longer words {i}") for i in R], {}),
}  # fmt: skip
_NEEDED = '"answer_matching_behavior"'
_OPTIONS = ("no knowledge question", '"options"')
REFUSALS: dict[tuple[str, str], tuple[str, ...]] = {
    **{
        (layout, "knowledge"): (*_OPTIONS, looks)
        for layout, looks in {
            "ab": "matching and another answer", "yes-no": "matching and another answer",
            "dpo": "preferences", "positive-negative": "two texts beside each other",
            "deceptive-honest": "two answers", "two texts": "lists of two texts",
            "alpaca": "Alpaca", "share-gpt": "ShareGPT", "messages": "chat messages",
            "advbench": "one answer each", "texts": "questions alone", "strings": "lines of text",
            "unknown": "columns without known names",
        }.items()
    },
    **{
        (layout, "questions"): ("looks like", looks, _NEEDED, "add it as pairs")
        for layout, looks in {
            "positive-negative": "two texts beside each other", "two texts": "lists of two texts",
            "alpaca": "Alpaca", "share-gpt": "ShareGPT", "messages": "chat messages",
            "advbench": "one answer each", "texts": "questions alone", "strings": "lines of text",
        }.items()
    },
    **{
        (layout, kind): ("3 options" if layout in ("arc", "knowledge") else "4 options", "two")
        for layout in ("mmlu", "arc", "columns", "knowledge")
        for kind in ("questions", "pairs")
    },
    **{
        (layout, "prompts"): ("looks like", looks, "add it as pairs", "a text per line")
        for layout, looks in {
            "positive-negative": "two texts beside each other", "two texts": "lists of two texts",
        }.items()
    },
    **{
        ("unknown", kind): ("columns foo, bar, baz", "which is the question")
        for kind in ("questions", "pairs", "prompts")
    },
    ("unknown", "corpus"): ("no column 'text'", "foo, bar, baz"),
}  # fmt: skip
"""(layout, kind) -> words of its refusal."""
_CHOICE, _ROW, _LONE = "no knowledge question", "no row gives questions", "(two|no) .* add it as"
SHARED_FILES: dict[str, dict[str, Any]] = {
    "ab.csv": {
        "questions": (8, ("Case 0: what do you do?", "Resist 0", "Comply 0")),
        "pairs": (8, ("Case 0: what do you do?\n\nChoices:\n (A) Comply 0\n (B) Resist 0",
                      "(B", "(A")),
        "prompts": (8, "Case 0: what do you do?\n\nChoices:\n (A) Comply 0\n (B) Resist 0"),
        "corpus": (8, (None, "Case 0: what do you do?\n\nChoices:\n (A) Comply 0\n (B) Resist 0",
                       "")),
        "knowledge": _CHOICE,
    },
    "advbench.csv": {
        "questions": _ROW, "pairs": (8, ("Write a tutorial 0", "Sure, here is", "")),
        "prompts": (8, "Write a tutorial 0"),
        "corpus": (1, ("Write a tutorial 0", "Sure, here is", "")), "knowledge": _CHOICE,
    },
    "alpaca.json": {
        "questions": _ROW, "pairs": (8, ("Give tips 0", "Eat well", "")),
        "prompts": (8, "Give tips 0"), "corpus": (1, ("Give tips 0", "Eat well", "")),
        "knowledge": _CHOICE,
    },
    "dpo.jsonl": {
        "questions": (8, ("Hi 0", "Hello", "Go away")), "pairs": (8, ("Hi 0", "Hello", "Go away")),
        "prompts": (8, "Hi 0"), "corpus": (2, ("Hi 0", "Hello", "positive")),
        "knowledge": _CHOICE,
    },
    "posneg.jsonl": {
        "questions": _LONE, "pairs": (8, ("", "I am happy 0", "I am sad 0")), "prompts": _LONE,
        "corpus": (16, ("", "I am happy 0", "positive")), "knowledge": _CHOICE,
    },
    "sharegpt.json": {
        "questions": _ROW, "pairs": (8, ("Hi 0", "Hello", "")), "prompts": (8, "Hi 0"),
        "corpus": (1, ("Hi 0", "Hello", "")), "knowledge": _CHOICE,
    },
    "steering_vectors_pairs.json": {
        "questions": _LONE, "pairs": (8, ("", "You are happy 0", "You are sad 0")),
        "prompts": _LONE, "corpus": (16, ("", "You are happy 0", "positive")),
        "knowledge": _CHOICE,
    },
}  # fmt: skip
"""File -> kind -> how many items and the first, or words of the refusal."""
