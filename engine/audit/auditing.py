"""A file, ours or another tool's, to an `Audit`: opened, checked, and ready to be drawn.

The one door of the package. Stores nothing.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath

import pandas as pd

from engine.audit import (
    answer_checks,
    count_checks,
    effect_checks,
    provenance_checks,
    question_checks,
    score_checks,
    sweep_subject,
    text_checks,
    vector_checks,
    vector_subject,
)
from engine.audit.findings import Audit, Finding, counted, ordered
from engine.audit.sweep_subject import Sweep
from engine.errors import DataError, StoreError
from engine.foreign import formats
from engine.foreign.formats.limits import MOST_BYTES
from engine.foreign.formats.values import (
    NOTHING,
    Foreign,
    ForeignQuestions,
    ForeignResults,
    ForeignTexts,
    ForeignVectors,
    Given,
)
from engine.records.grids import Generation
from engine.statistics import yardsticks
from engine.statistics.cells import per_question, summarise_questions
from engine.store.headers import HEADERS, read_record, readable
from engine.store.store import Store


def audit(target: str | Path, store: Store, given: Given = NOTHING) -> Audit:
    """Open a file or a stored record and say what is wrong in it.

    Args:
        target: A file in any known layout, or the start of a stored record's digest.
        store: Where digests are looked up.
        given: What is stated of foreign vectors that their file does not say.

    Raises:
        EngineError: If there is no such file, or it cannot be read safely.
    """
    path = Path(target)
    if not path.is_file():
        if isinstance(target, Path) or path.suffix or "/" in str(target):
            raise DataError(f"There is no file {target}: check the path, or give a digest.")
        path = Path(store.find(str(target)).path)
    return (
        _record(path, store) if _is_ours(path) else _foreign(formats.read(path, given), str(path))
    )


def audit_upload(name: str, content: bytes, store: Store, given: Given = NOTHING) -> Audit:
    """Audit bytes that came from a browser; they lie in a temporary folder only meanwhile.

    Raises:
        EngineError: If they are too many, or cannot be read safely.
    """
    if len(content) > MOST_BYTES:
        raise DataError(f"{name} is too large: at most {MOST_BYTES // 2**20} MB are read.")
    with tempfile.TemporaryDirectory(prefix="vectorscope-audit-") as folder:
        path = Path(folder) / (PurePath(name.replace("\\", "/")).name or "upload")
        path.write_bytes(content)
        found = audit(path, store, given)
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__}
    return Audit(**fields | {"path": name})


def together(audits: Sequence[Audit]) -> tuple[Finding, ...]:
    """What is wrong only when files are read side by side: opposite polarity, other ties."""
    found = question_checks.together([one for one in audits if one.shows])
    ways = {a.name: t.figure.rsplit(" ", 1)[-1] for a in audits if (t := a.named("ties"))}
    if {"for", "against"} <= set(ways.values()):
        pair = [next(name for name, way in ways.items() if way == w) for w in ("for", "against")]
        found.append(
            Finding(
                severity="doubtful",
                name="ties-counted-both-ways",
                figure=" / ".join(pair),
                sentence=f"{pair[0]} counts ties for the behaviour and {pair[1]} against it: "
                "their shares cannot be compared to the point.",
            )  # fmt: skip
        )
    return ordered(found)


def _is_ours(path: Path) -> bool:
    """Whether the file carries a record of this project."""
    if path.suffix not in HEADERS:
        return False
    try:
        read_record(path)
    except StoreError as error:
        return "is a record of version" in str(error) or path.suffix == ".parquet"
    return True


def _record(path: Path, store: Store) -> Audit:
    record = read_record(path)
    kind, digest = record["kind"], str(record["digest"])
    if kind == "vectors":
        with readable(path):
            own = vector_subject.of_record(store.load_vectors(path), str(path))
        return _vectors(own, str(path))
    if kind == "evaluation":
        with readable(path):
            sweep = sweep_subject.of_record(store.load_evaluation(path))
        return _sweep(sweep, path.name, digest, str(path), "Vectorscope's evaluation")
    if kind == "generation":
        with readable(path):
            texts = _own_texts(store.load_generation(path), path.name)
        return _texts(texts, str(path))
    if kind == "conversation":
        raise DataError(
            f"{path.name} is a conversation, in which nothing was measured: audit its vectors."
        )
    raise DataError(
        f"{path.name} is a whole study: audit the evaluations and vectors that it names."
    )


def _own_texts(found: Generation, name: str) -> ForeignTexts:
    """One of our own grids in the form in which texts are audited."""
    frame = found.frame
    # Whether a fine-tuned model wrote a text does not say which one, where there are several.
    # Nor is a model at another dose, or merely asked by another system prompt, the same one.
    weights = {
        one["name"]: "".join(str(one.get(name) or "") for name in ("adapter", "dose", "system"))
        for one in found.config["configurations"]
    }
    is_base = frame["configuration"].astype(str).isin(["base", "fine-tuned"])
    rows = pd.DataFrame(
        {
            "vector": frame["configuration"].astype(str),
            "scale": frame["scale"].astype(float).where(~is_base, 0.0),
            "dataset": "",
            "question": frame["prompt"].astype(str) + frame["configuration"].map(weights),
            "prompt": frame["prompt"].astype(str),
            "behaviour_letter": "",
            "text": frame["text"].astype(str),
        }
    )
    claims = vector_subject.record_claims(found.config, found.model, found.provenance)
    return ForeignTexts(
        name=name, sha256=found.digest, layout="Vectorscope's generations", frame=rows,
        claims=claims | {"vectors": list(found.vector_names) or ["none"], "sites": "in the record"},
    )  # fmt: skip


def _foreign(found: Foreign, path: str) -> Audit:
    if isinstance(found, ForeignVectors):
        return _vectors(found, path)
    if isinstance(found, ForeignResults):
        sweep = sweep_subject.of_foreign(found)
        return _sweep(sweep, found.name, found.sha256, path, found.layout)
    if isinstance(found, ForeignTexts):
        return _texts(found, path)
    return _questions(found, path)


def _vectors(found: ForeignVectors, path: str) -> Audit:
    checks = (
        vector_checks.duplicates, vector_checks.count, score_checks.squared_sigmas,
        score_checks.order_of_sigmas, score_checks.losses, vector_checks.orthogonality,
        vector_checks.contrast, vector_checks.empty, vector_checks.norms, vector_checks.place,
        vector_checks.first_block,
    )  # fmt: skip
    findings = [check(found) for check in checks]
    wanted = dict(provenance_checks.VECTORS)
    if found.method == "random":
        del wanted["prompt or dataset"]
    facts = provenance_checks.check(_located(found), wanted)
    good = vector_checks.usable(found)
    width = found.vectors.shape[1]
    return Audit(
        name=found.name,
        digest=found.sha256,
        path=path,
        kind="vectors",
        what=f"{_capital(found.layout)}: {counted(len(found.vectors), 'vector')} of width {width}"
        + (f", {found.model}" if found.model else ", model not stated"),
        findings=ordered([*findings, facts]),
        claims=found.claims,
        asks=found.asks,
        vectors=found.vectors[good],
        names=tuple(name for name, is_good in zip(found.names, good, strict=True) if is_good),
    )


def _capital(words: str) -> str:
    """The first letter large, the others as they are."""
    return words[:1].upper() + words[1:]


def _located(found: ForeignVectors) -> dict[str, object]:
    """The claims, with the site where the layout itself says it."""
    sites = [site.words for site in found.sites if site is not None]
    return {**found.claims, "layers": sites}


def _sweep(sweep: Sweep, name: str, digest: str, path: str, layout: str) -> Audit:
    rates = sweep_subject.rates(sweep)
    questions = yardsticks.labelled(per_question(sweep.frame), sweep.kinds)
    findings = [
        count_checks.counting(sweep), count_checks.polarity(sweep), count_checks.movement(sweep),
        count_checks.unsteered(sweep), count_checks.repeats(sweep),
        count_checks.ties(sweep, rates), *_of_answers(sweep),
        effect_checks.controls(sweep), effect_checks.best_of_many(sweep),
        effect_checks.size(sweep),
    ]  # fmt: skip
    if len(sweep.baseline) and sweep.scales:
        summary = yardsticks.labelled(summarise_questions(questions, resamples=1), sweep.kinds)
        findings += [
            effect_checks.beyond_controls(sweep, summary),
            effect_checks.control_range(summary),
            effect_checks.collapse(summary),
            effect_checks.held_out(questions),
        ]
    named = {name for name in sweep.frame["dataset"].unique() if name}
    claims = sweep.claims | ({"dataset": ", ".join(sorted(named))} if named else {})
    findings.append(provenance_checks.check(claims, provenance_checks.SWEEP))
    asked = counted(int(sweep.frame["question"].nunique()), "question")
    return Audit(
        name=name,
        digest=digest,
        path=path,
        kind="sweep",
        what=f"{layout}: {counted(sweep.vectors, 'vector')} and "
        f"{counted(sweep.controls, 'random control')} × {counted(sweep.scales_each, 'scale')} × "
        f"{asked}, {claims.get('model', 'model not stated')}",
        findings=ordered(findings),
        claims=claims,
        rates=rates,
        points=sweep_subject.points(questions),
        behaviour=sweep.behaviour,
        reading=sweep.reading,
    )


def _of_answers(sweep: Sweep) -> list[Finding | None]:
    """What is wrong with how answers are read: by letters, or as whole texts."""
    if not sweep.reading.has_letters:
        return [answer_checks.lengths(sweep)]
    return [
        answer_checks.letters(sweep), answer_checks.options(sweep), answer_checks.mass(sweep),
        answer_checks.strata(sweep), answer_checks.letter_vectors(sweep),
    ]  # fmt: skip


def _texts(found: ForeignTexts, path: str) -> Audit:
    frame = found.frame
    checks = (
        text_checks.echoes, text_checks.unread, text_checks.repeats, text_checks.controls,
        text_checks.repetition, text_checks.strata,
    )  # fmt: skip
    facts = provenance_checks.check(found.claims, provenance_checks.TEXTS)
    return Audit(
        name=found.name,
        digest=found.sha256,
        path=path,
        kind="texts",
        what=f"{_capital(found.layout)}: {counted(len(frame), 'text')} on "
        f"{counted(int(frame['question'].nunique()), 'question')}, {found.model or 'no model'}",
        findings=ordered([*(check(frame) for check in checks), facts]),
        claims=found.claims,
    )


def _questions(found: ForeignQuestions, path: str) -> Audit:
    checks = (
        question_checks.usable, question_checks.letters, question_checks.order,
        question_checks.polarity,
    )  # fmt: skip
    return Audit(
        name=found.name,
        digest=found.sha256,
        path=path,
        kind="questions",
        what=f"Questions: {counted(found.rows, 'row')}, {len(found.kept)} of them two-option "
        "questions",
        findings=ordered(check(found) for check in checks),
        claims={f"shows {name}": field for name, field in found.behaviours.items()},
        shows=dict(found.behaviours),
    )
