"""Which facts a file leaves out that are needed to make it again. Knows no files."""

from typing import Any

from engine.audit.findings import Finding, listed

VECTORS = {
    "model": ("model", "model_name", "model_hint"),
    "model revision": ("revision", "repo_url.version", "base_revision", "version"),
    "site": ("source_layer", "layer", "layers", "hook_point", "block"),
    "prompt or dataset": ("prompt", "prompts", "category", "dataset", "pairs", "training_prompts"),
    "chat template": ("template",),
    "seed": ("seed",),
    "time": ("created", "timestamp", "date"),
    "program version": ("generator", "commit", "packages"),
}
"""What a set of vectors should say, and the names under which tools say it."""
SWEEP = {
    "model": ("model", "model_name"),
    "model revision": ("revision",),
    "vector file": ("vectors", "vector_file", "vector_files", "caa", "melbo", "power_iter"),
    "site": ("source_layer", "layer", "sites"),
    "operation": ("operation", "mode", "scale_unit"),
    "question file": ("dataset", "questions", "question file, SHA-256"),
    "chat template": ("template", "system"),
    "tokens read": ("tokens read", "token_ids", "answer_tokens"),
    "seed": ("seed",),
    "time": ("created", "timestamp", "date"),
}
"""The same of a sweep."""
TEXTS = {
    "model": ("model", "model_name"),
    "model revision": ("revision",),
    "vector file": ("vectors", "vector_file", "configurations"),
    "site": ("source_layer", "layer", "sites", "layers"),
    "temperature": ("temperature", "do_sample"),
    "chat template": ("template", "system"),
    "seed": ("seed",),
    "time": ("created", "timestamp", "date"),
}
"""The same of generated texts."""


def check(claims: dict[str, Any], wanted: dict[str, tuple[str, ...]]) -> Finding:
    """What the claims leave out of what is wanted."""
    given = {_last(key) for key, value in claims.items() if value not in (None, "", [], "unknown")}
    missing = [word for word, names in wanted.items() if not given & set(map(_last, names))]
    figure = f"{len(wanted) - len(missing)} of {len(wanted)} facts"
    figures = {"missing": float(len(missing)), "wanted": float(len(wanted))}
    if not missing:
        return Finding(
            severity="fine", name="provenance", figure=figure, figures=figures,
            sentence=f"The file says what it takes to make it again: {listed(wanted, 12)}.",
        )  # fmt: skip
    return Finding(
        severity="doubtful" if 2 * len(missing) > len(wanted) else "note",
        name="missing-provenance",
        figure=figure,
        figures=figures,
        sentence=f"Not in the file: {listed(missing, 12)}. Without these nobody can make it again, "
        "or say why a second run differs.",
    )


def _last(key: str) -> str:
    """The last part of a dotted key."""
    return key.rsplit(".", 1)[-1].casefold()
