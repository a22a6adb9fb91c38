"""Cards of whole studies: their charts over their settings and figures. Draws no page."""

from typing import Any

import altair as alt

from dashboard.cards import card, recipes
from dashboard.cards.card import Card
from dashboard.charts import behaviours, operations, studies
from dashboard.frames import operators_study
from dashboard.words import captions
from dashboard.words.inks import LIGHT
from engine.records import readings

MOST_BEST = 5
TURNED = (
    "Turned: share of the answers, honest (base) or deceptive (fine-tuned) without steering, that "
    "became the other. Orange: the best random vector. Layer and scale were chosen on other "
    "questions."
)
ABSENT = "No arm has labelled answers."
READ = "Cosines: the two families read in different ways; grey: 95 % of random pairs."
SHARES = (
    "Lines: share of the judged texts, with 95 % intervals. Grey: 95 % of random vectors of the "
    "same norm at the same block."
)
APART = "Tiles: how far steering moves both poles' answers apart; a cross where they lose too much."
AT_COST = (
    "Every operation at the strength that costs KL {budget:g}. Bars with 95 % intervals; pale "
    "bands end where 97.5 % of random vectors at the same KL do. Hollow: no vector."
)
WHAT = {"likelihood": "likelihood of the wanted answers", "texts": "texts turned"}
AVERAGED = "Lines are means over a method's vectors: opposite signs cancel. Grey: random vectors."


def of_study(record: dict[str, Any], arm: str | None, address: str) -> Card:
    """A stored study as it is on screen.

    Args:
        record: The study.
        arm: The intervention whose choice of block and scale is shown, if it has some; of the
            operators study, the vector.
        address: The link to the view.
    """
    title = f"{record['title']} on {record['model'].get('short_name', 'a model')}"
    if record["name"] == "deception":
        return _deception(record, arm, title, address)
    if record["name"] == "sentiment":
        return _behaviour(record, title, address)
    if record["name"] == "operators":
        return _operators(record, arm, title, address)
    drawn = [
        studies.methods(table, LIGHT).properties(title=_heading(table))
        for table in record["tables"]
    ]
    told = {f"best, {table['questions']}": _best(table["best"]) for table in record["tables"]}
    shown = card.view(address, {**told, **recipes.of_study(record)})
    has_letters = readings.of_config(record.get("config") or {}).has_letters
    proxy = captions.PROXY if has_letters else captions.LIKELIHOOD
    return card.of_charts(title, f"{AVERAGED} {proxy}", drawn, shown)


def _heading(table: dict[str, Any]) -> alt.TitleParams:
    return _titled(f"{table['questions']}: {captions.count(table['asked'], 'question')}")


def _titled(words: str) -> alt.TitleParams:
    return alt.TitleParams(words, anchor="start", fontSize=14, color=LIGHT.ink)


def _best(rows: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{row['method']}_{int(row['vector']):02d} at {captions.scale(row['scale'])}: "
        f"{captions.figure(row['rate'])}, {captions.p(row['p'])}"
        for row in rows[:MOST_BEST]
    )


def _deception(record: dict[str, Any], arm: str | None, title: str, address: str) -> Card:
    tables = record["tables"]
    present = [row for row in tables["arms"] if row["converted"] is not None]
    drawn = [studies.arms(present, LIGHT)] if present else []
    drawn.append(studies.cosines(*studies.readings_of(tables), LIGHT))
    swept = [row for row in present if row["block"] is not None]
    chosen = next((row for row in swept if row["arm"] == arm), None)
    note = f"{TURNED} {READ}" if present else f"{ABSENT} {READ}"
    if chosen is not None:
        cell = (int(chosen["block"]), float(chosen["scale"]))
        noun = studies.strength_noun(chosen)
        drawn.append(studies.sweep(tables["sweep"], chosen["arm"], cell, LIGHT, noun))
        note += f" Below: {chosen['arm']} by block and scale; the framed cell was reported."
    told = {"turned": "; ".join(_arm(row) for row in tables["arms"])}
    shown = card.view(address, {**told, **recipes.of_study(record)})
    return card.of_charts(title, note, drawn, shown)


def _behaviour(record: dict[str, Any], title: str, address: str) -> Card:
    tables, chosen, config = record["tables"], record["chosen"], record["config"]
    drawn = [behaviours.choice(tables["choice"], chosen, LIGHT)]
    note = f"{APART} Framed: block {chosen['block']}, scale {chosen['scale']:g}, reported."
    if tables["texts"]:
        drawn.insert(0, behaviours.texts(tables["texts"], config["positive"], LIGHT))
        note = f"{SHARES} {note}"
    told = {
        "log p apart, nats a token": "; ".join(map(_moved, tables["likelihood"])),
        "texts judged": "; ".join(map(_judged, tables["texts"])) or "not judged",
        "broken texts": "; ".join(
            f"{captions.scale(row['scale'])}: {captions.figure(row['broken'])}"
            for row in tables["fluency"]
        ),
    }
    shown = card.view(address, {**told, **recipes.of_study(record)})
    return card.of_charts(title, note, drawn, shown)


def _operators(record: dict[str, Any], vector: str | None, title: str, address: str) -> Card:
    vector, drawn = vector or operators_study.vectors(record)[0], []
    for arm, named in operators_study.arms(record).items():
        for what in operators_study.FIGURES:
            found = operators_study.bars(record, arm, vector, what)
            if found["value"].notna().any():
                heading = _titled(f"{named}: {WHAT[what]}")
                drawn.append(operations.of_study(found, what, LIGHT).properties(title=heading))
    note = f"{vector}. {AT_COST.format(budget=record['config']['budget'])}"
    return card.of_charts(title, note, drawn, card.view(address, recipes.of_study(record)))


def _moved(row: dict[str, Any]) -> str:
    at = "both signs" if row["at"] == "swing" else captions.scale(row["scale"])
    reach = captions.span(row["change_low"], row["change_high"], captions.number)
    return f"{at}: {captions.number(row['change'])} ({reach}), {captions.p(row['p'])}"


def _judged(row: dict[str, Any]) -> str:
    at = "difference" if row["at"] == "swing" else captions.scale(row["scale"])
    told = f"{row['judge']} at {at}: {captions.figure(row['share'])}"
    return told if row["p"] is None else f"{told}, {captions.p(row['p'])}"


def _arm(row: dict[str, Any]) -> str:
    if row["converted"] is None:
        return f"{row['arm']} absent: {row.get('reason')}"
    high = row.get("random_high")
    told = f"{row['arm']} {captions.figure(row['converted'])}"
    if row["block"] is None:
        return told
    told += f" (block {row['block']}, {studies.strength_noun(row)} {row['scale']:g}"
    return f"{told})" if high is None else f"{told}, best random {captions.figure(high)})"
