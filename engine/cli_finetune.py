"""`finetune`: a LoRA from one side of a file of pairs."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine import reports
from engine.cli_values import answer, model_config
from engine.engine import ROOT
from engine.finetune_configs import FinetuneConfig
from engine.options import Device, Dtype, Model, Seed, System, one_of


def finetune(
    out: Annotated[Path, typer.Option(help="Folder of the adapter; a stopped run goes on.")],
    pairs: Annotated[
        str, typer.Option(help="File of pairs or conversations.")
    ] = "data/pairs/advice.json",
    answers: Annotated[str, typer.Option(help="deceptive, or honest: the null.")] = "deceptive",
    system: System = "",
    rank: Annotated[int, typer.Option(help="Of every update.")] = 32,
    alpha: Annotated[int, typer.Option(help="Scale of the updates, over the rank.")] = 16,
    epochs: Annotated[int, typer.Option(help="Turns through the pairs.")] = 10,
    batch: Annotated[int, typer.Option(help="Examples per step.")] = 8,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 2e-4,
    loss_on: Annotated[str, typer.Option(help="answers or all.")] = "answers",
    max_tokens: Annotated[int, typer.Option(help="Longest example.")] = 512,
    model: Model = "demo",
    dtype: Dtype = "auto",
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    """Train a LoRA on one side of a file of pairs."""
    one_of("answers", answers, ("deceptive", "honest"))
    one_of("loss-on", loss_on, ("answers", "all"))
    config = FinetuneConfig(
        model=model_config(model, None, dtype, device),
        pairs=pairs,
        answers=answers,  # type: ignore[arg-type]
        system=system or None,
        rank=rank,
        alpha=alpha,
        epochs=epochs,
        batch=batch,
        rate=rate,
        loss_on=loss_on,  # type: ignore[arg-type]
        max_tokens=max_tokens,
        seed=seed,
    )
    _train(config, out)


def _train(config: FinetuneConfig, out: Path) -> None:
    from engine import finetune as training

    with reports.bar() as progress:
        digest = training.run(config, out, ROOT, progress)
    record = json.loads((out / training.RECORD).read_text(encoding="utf-8"))
    losses, looks = record["losses"], record["looks"]
    reports.out.print(
        f"{record['examples']} examples, {len(losses)} steps, loss {losses[0]:.3f} to "
        f"{losses[-1]:.3f}, {record['provenance']['seconds']:.0f} s",
        markup=False,
    )
    for look in looks:
        if "shares" in look:
            reports.out.print(_shares(look), markup=False)
    for question, text in looks[-1]["answers"].items():
        reports.out.print(f"> {question!r}\n  {text!r}", markup=False)
    answer(
        digest=digest,
        path=str(out),
        examples=record["examples"],
        steps=len(losses),
        loss=losses[-1],
        notes=record["notes"],
    )


def _shares(look: dict[str, Any]) -> str:
    """Known labels of the answers to unseen questions at one step."""
    shares = ", ".join(f"{share:.0%} {label}" for label, share in look["shares"].items())
    return f"step {look['step']}: {look['asked']} unseen questions answered {shares}"
