"""Invented grids of texts, and an engine that writes them word by word."""

import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd

from engine.configs import core as configs
from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.records.grids import LIVE, Generation
from engine.store.store import Store
from tests.pages.pair_samples import CONTRASTIVE, FINETUNE, PairEngine
from tests.pages.samples import MODEL, provenance

GRID, SWEEP = "9e9e00000001", "9e9e00000002"
EVIL = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> ![x](http://evil.example/x.png) "
    "[l](javascript:alert(3)) &lt;b&gt; :red[red] $x$ **bold** -> --\n# heading"
)
"""What a model may write: HTML, Markdown images and directives, all to be shown as characters."""


def config(prompts: int = 2, samples: int = 2) -> GenerateConfig:
    """Base, base + contrastive, fine-tuned - difference."""
    return GenerateConfig(
        model=ModelConfig(adapter="demo"),
        prompts=tuple(f"Prompt {i}: how do I <b>bake</b> *bread*?" for i in range(prompts)),
        configurations=(
            Configuration(name="base", scale=0.0),
            Configuration(name="base + 1× contrastive_03", blend=(BlendPart(digest=CONTRASTIVE),)),
            Configuration(
                name="fine-tuned \u2212 1× finetune-diff_03",
                adapter=True,
                blend=(BlendPart(digest=FINETUNE),),
                scale=-1.0,
            ),
        ),
        samples=samples,
        temperature=0.7 if samples > 1 else 0.0,
    )


def text(prompt: int, column: int, sample: int) -> str:
    if column == 1:
        return EVIL
    return f"Let the dough rest for {sample + 1} hours. Prompt {prompt}, column {column}."


def frame(given: GenerateConfig) -> pd.DataFrame:
    rows = []
    for i, prompt in enumerate(given.prompts):
        for j, column in enumerate(given.configurations):
            for sample in range(given.samples):
                written = text(i, j, sample)
                rows.append(
                    {
                        "prompt": prompt,
                        "configuration": column.name,
                        "sample": sample,
                        "text": written,
                        "tokens": len(written.split()),
                        "finished": j != 1,
                        "label": ("honest", "broken", "deceptive")[j % 3],
                        "repetition": 0.6 if j == 1 else 0.0,
                        "unique_tokens": 0.9,
                        "mean_logprob": -1.25 - j,
                        "adapter": bool(column.adapter),
                        "scale": column.scale,
                    }
                )
    return pd.DataFrame(rows)


def generation(given: GenerateConfig, digest: str) -> Generation:
    return Generation(
        digest=digest,
        frame=frame(given),
        config=configs.as_json(given),
        model=MODEL,
        side_effects={c.name: {"kl": 0.25, "relative": 0.5} for c in given.configurations},
        provenance=provenance("2026-11-21T10:10:00+00:00"),
    )


def fill_texts(store: Store) -> None:
    """A grid of 2 prompts and 2 samples, and a sweep over 7 scales."""
    store.save_generation(generation(config(), GRID))
    base = config(prompts=1, samples=1)
    steered = base.configurations[1]
    scales = (-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)
    columns = tuple(replace(steered, name=f"{scale:+g}", scale=scale) for scale in scales)
    store.save_generation(generation(replace(base, configurations=columns), SWEEP))


class TextEngine(PairEngine):
    """Writes invented texts, half of each until `go` is set."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.go, self.begun = threading.Event(), threading.Event()
        self.go.set()

    def submit(self, given: object) -> object:
        if not isinstance(given, GenerateConfig):
            return super().submit(given)
        self.submitted.append(given)
        digest = self.digest(given)

        def work(progress: object) -> str:
            whole = frame(given)
            half = whole[["prompt", "configuration", "sample", "text", "finished"]].iloc[:2]
            half = half.assign(text=half["text"].str[:17], finished=False)
            self.store.partial(digest).save_unit(LIVE, half)
            self.begun.set()
            while not self.go.wait(0.02):
                progress(1, 4, "2 of 12 texts")
            if self.failure:
                raise self.failure
            self.store.save_generation(generation(given, digest))
            self.store.partial(digest).discard()
            return digest

        request = {"kind": "generate", "method": given.method, "config": configs.as_json(given)}
        return self.jobs.submit(given.title, "generate", work, digest=digest, request=request)

    def submit_again(self, request: dict[str, object]) -> object:
        return self.submit(registry.from_json(request["method"], request["config"]))
