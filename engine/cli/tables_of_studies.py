"""What the command line shows of a whole study: its arms, and what is absent with its reason.

Knows nothing of how they were run.
"""

from collections.abc import Sequence
from typing import Any

from engine.cli.drawing import console, draw, notes, say

ARMS = {
    "arm": "{arm}",
    "block": "{block}",
    "scale": "{scale:g}",
    "changed": "{converted:.0%}",
    "best random": "{random_high:.0%}",
    "p": "{p:.3f}",
    "labels": "{counts}",
    "log-prob": "{mean_logprob:.2f}",
}


LIKELIHOOD = {
    "at": "{at}",
    "change": "{change:+.3f}",
    "95 %": "{change_low:+.3f} to {change_high:+.3f}",
    "random": "{random_low:+.3f} to {random_high:+.3f}",
    "p": "{p:.3f}",
    "positive likelier": "{rate:.0%}",
    "unsteered": "{base_rate:.0%}",
    "pairs": "{n}",
}
TEXTS = {
    "judge": "{judge}",
    "at": "{at}",
    "share": "{share:.0%}",
    "95 %": "{low:.0%} to {high:.0%}",
    "random": "{random_low:.0%} to {random_high:.0%}",
    "p": "{p:.3f}",
    "judged": "{judged} of {texts}",
}
FLUENCY = {
    "scale": "{scale:+g}",
    "broken": "{broken:.0%}",
    "95 %": "{broken_low:.0%} to {broken_high:.0%}",
    "random broken": "{random_broken:.0%}",
    "repetition": "{repetition:.2f}",
    "log-prob": "{mean_logprob:.2f}",
    "KL": "{kl:.3f}",
    "worst random KL": "{random_kl:.3f}",
    "perplexity": "{neutral_perplexity:.2f}",
    "relative": "{relative:.2f}",
}


def arms(rows: Sequence[dict[str, Any]]) -> None:
    """Each arm of the deception study at the cell that was chosen for it, then what is absent."""
    present = [row for row in rows if row["converted"] is not None]
    if present:
        shown = [row | {"counts": _counts(row["labels"])} for row in present]
        title = "Steered answers, on questions that had no part in the choice"
        draw(title, shown, ARMS, left=("arm", "labels"))
        say(
            "changed: of the answers that were honest (base) or deceptive (fine-tuned) unsteered, "
            "the share that became the other. best random: the largest share any random vector "
            "reached, with the same operation, blocks, norm and scale."
        )
    if any(row["block"] is None for row in present):
        say("just asked: by a system prompt alone, beside which there are no random vectors.")
    _without_p([row for row in present if row["block"] is not None])
    notes(f"{row['arm']}: {row['reason']}" for row in present if row.get("reason"))
    for row in rows:
        if row["converted"] is None:
            reason = row.get("reason") or "no answer was labelled"
            console.print(f"[red]Absent[/] {row['arm']}: {reason}", highlight=False)


def behaviour(record: dict[str, Any]) -> None:
    """The chosen cell, what it moves on pairs, and what judges say of texts at every scale."""
    tables, chosen, config = record["tables"], record["chosen"], record["config"]
    positive = config["positive"]
    say(
        f"Chosen on {config['choosing']} pairs of {len(tables['choice'])} cells: block "
        f"{chosen['block']}, scale {chosen['scale']:g}, where {positive} and {config['negative']} "
        "answers move most apart."
    )
    names = {"+": f"+{chosen['scale']:g}", "-": f"-{chosen['scale']:g}", "swing": "difference"}
    shown = [row | {"at": names[row["at"]]} for row in tables["likelihood"]]
    title = f"Log p({positive}) - log p({config['negative']}), nats a token, on other pairs"
    draw(title, shown, LIKELIHOOD, left=("at",))
    if tables["texts"]:
        named = {"swing": "difference"}
        shown = [row | {"at": named.get(row["at"], row["at"])} for row in tables["texts"]]
        draw(f"Texts at block {chosen['block']}: share {positive}", shown, TEXTS)
        say("random: 2.5th to 97.5th percentile of random vectors of the same norm and block.")
    else:
        console.print("[red]Absent[/] what texts say: nobody judged them.", highlight=False)
    draw("The same texts, and neutral prompts", tables["fluency"], FLUENCY)
    if all(row["p"] is None for row in tables["likelihood"]):
        notes(["No p value: it needs 20 random vectors."])
    notes(record.get("notes", ()))


def definitions(told: dict[str, str]) -> None:
    """What was done as the study did it, one thing a line."""
    if told:
        console.print("[bold]The study's own definitions[/]")
        say(*(f"  {what}: {how}" for what, how in told.items()))


def _counts(labels: dict[str, int]) -> str:
    return ", ".join(f"{name or 'unlabelled'} {count}" for name, count in labels.items())


def _without_p(rows: Sequence[dict[str, Any]]) -> None:
    """Say why there is no p value, where there is none."""
    few = sorted({row["controls"] for row in rows if row["p"] is None and "controls" in row})
    if rows and not few:
        chance = 0.05 * len(rows)
        count = f"by chance, {chance:.1f} of {len(rows)} arms would have a p below .05"
        notes([f"p is of each arm alone: {count}."])
    if few:
        notes([f"No p value: it needs 20 random vectors, and there are {few[0]}."])
