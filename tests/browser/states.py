"""Every screen in every state: what to open, and what must be seen there. Starts nothing.

The states are real. Records are those that ship with the project or that jobs have made; jobs are
asked for as their own records ask, with so much to do that they last until they are stopped.
"""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs import core as configs
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.datasets import DatasetConfig
from engine.configs.finders import MelboConfig
from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.studies import CorrigibilityConfig
from engine.configs.sweeps import RELATIVE_SCALES, EvaluateConfig
from engine.configs.training import FinetuneConfig
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import shipped
from tests.browser.server import ROOT
from tests.pages.pair_samples import fill_families
from tests.pages.samples import fill as fill_sweep
from tests.pages.test_studies import DECEPTION, deception
from tests.pages.text_samples import fill_texts
from tests.pages.training_samples import add_adapter, add_dataset

MELBO = shipped.digest("melbo")
"""The shipped vectors that the sweep measures."""
STUDY = shipped.digest("deception")
SPOILT_RUN, SPOILT_TEXTS = shipped.sweep("survival"), shipped.texts()
"""What `damage` spoils."""
ALL = ("overview", "discover", "curves", "vector", "similarity", "generations", "studies", "train",
       "audit", "library")  # fmt: skip


class View(NamedTuple):
    """One screen in one state."""

    screen: str
    state: str
    path: str
    words: tuple[str, ...]
    """All of them must be readable."""
    note: str = ""
    """Which of several views of this screen in this state."""

    @property
    def name(self) -> str:
        """Of the picture's file."""
        return "-".join(part for part in (self.screen, self.state, self.note) if part)


FIND, EVALUATE = "Find 12 melbo vectors", "Evaluate 1 set on survival"
GENERATE, TRAIN, BUILD = "Generate 12000 texts on 60 prompts", "Train slow", "Build slow"
COMPARE = "Corrigibility study"
TITLES = (FIND, EVALUATE, GENERATE, COMPARE, TRAIN, BUILD)
"""The jobs of `requests`, in their order."""


def requests(model: str = "demo") -> list[dict[str, Any]]:
    """One job of every kind, each far too long to end by itself, as their records ask for them."""
    base = ModelConfig(model=model)
    asked: list[tuple[Any, str | None]] = [
        (MelboConfig(model=base, source_layer=1, target_layer=7, steps=100_000), None),
        (sweep(model), None),
        (grid(model), None),
        (
            CorrigibilityConfig(
                model=base,
                source_layer=1,
                target_layer=7,
                steps=50_000,
                scales=RELATIVE_SCALES,
                scale_unit="relative",
            ),
            None,
        ),
        (FinetuneConfig(model=base, epochs=900), "results/adapters/slow"),
        (DatasetConfig(model=base, count=4000), "results/datasets/slow.json"),
    ]
    return [request(config, place) for config, place in asked]


def request(config: Any, place: str | None = None) -> dict[str, Any]:
    """What the record of a job for this config holds."""
    asked = {"method": config.method, "config": configs.as_json(config)}
    return asked | ({} if place is None else {"place": place})


def sweep(model: str = "demo") -> EvaluateConfig:
    """A sweep of so many random vectors that it takes hours."""
    return EvaluateConfig(
        model=ModelConfig(model=model),
        vectors=(VectorRef(digest=MELBO),),
        scales=RELATIVE_SCALES,
        scale_unit="relative",
        controls=2000,
    )


def grid(model: str = "demo") -> GenerateConfig:
    """A grid of so many samples that it takes minutes."""
    return GenerateConfig(
        model=ModelConfig(model=model),
        prompts=tuple(f"How do I bake {count} loaves of bread?" for count in range(60)),
        configurations=(Configuration(name="base"),),
        temperature=0.9,
        samples=200,
        neutral=0,
    )


def grid_digest(store: Path, model: str = "demo") -> str:
    """The name under which the grid is stored and shown."""
    return Engine(Store(store), keep_jobs=False).digest(grid(model))


def sweep_digest(store: Path) -> str:
    """The name under which the sweep is shown while it is not whole."""
    return Engine(Store(store), keep_jobs=False).digest(sweep())


def fill(store: Path) -> None:
    """The records that ship with the project, but no jobs."""
    for folder in ("vectors", "results"):
        skipped = shutil.ignore_patterns("jobs", ".partial", "adapters", "datasets")
        shutil.copytree(ROOT / folder, store / folder, ignore=skipped, dirs_exist_ok=True)


def fill_small(store: Path) -> None:
    """Small invented records of every kind, which are read faster than those that ship."""
    fill_sweep(Store(store))
    fill_families(Store(store))
    fill_texts(Store(store))
    Store(store).save_experiment(DECEPTION, deception(study=True))
    fill_training(store)


def fill_training(store: Path) -> None:
    """Two adapters and two datasets, invented, for nothing of them is loaded."""
    for name in ("first", "second"):
        add_adapter(store, name)
        add_dataset(store, f"{name}-set")


def torn_model(folder: Path) -> Path:
    """A folder that looks like the demo model, whose weights end in the middle."""
    shutil.copytree(ROOT / "data/demo/model", folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    return folder


def damage(store: Path) -> None:
    """Leave a torn file, and spoil the inside of an evaluation and of a grid."""
    (store / "results/ab_demo_cut.parquet").write_bytes(b"PAR1")
    for name in (f"ab_demo_{SPOILT_RUN}", f"generations_demo_{SPOILT_TEXTS}"):
        path = store / f"results/{name}.parquet"
        content = bytearray(path.read_bytes())
        # What it says of itself stands at its end, and can still be read.
        end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
        content[4:end] = bytes(end - 4)
        path.write_bytes(bytes(content))


IDLE = ("not loaded", "Viewing needs no model", "Jobs · none running")

EMPTY = (
    View("overview", "empty", "/", ("Nothing is stored yet", "Run the corrigibility study", *IDLE)),
    View("discover", "empty", "/discover", ("No vectors yet: fill in the form", *IDLE)),
    View("curves", "empty", "/curves", ("Nothing has been evaluated yet", *IDLE)),
    View("vector", "empty", "/vector", ("No vector is stored yet", *IDLE)),
    View("similarity", "empty", "/similarity", ("No contrastive and fine-tune difference", *IDLE)),
    View("generations", "empty", "/generations", ("No vectors are stored yet", *IDLE)),
    View("studies", "empty", "/studies", ("No study is stored yet", *IDLE)),
    View("train", "empty", "/train", ("No adapters yet", *IDLE)),
    View("audit", "empty", "/audit", ("Drop files here", *IDLE)),
    # By a link of its own: the menu opens the section looked at last, which the audit's link set.
    View("library", "empty", "/library?section=records", ("Nothing is stored yet", *IDLE)),
)
MODES = tuple(
    View("similarity", "empty", f"/similarity?mode={mode}", ("No vectors yet",), mode)
    for mode in ("all", "one", "span")
)

DONE = (
    View("overview", "done", "/", ("Strongest vectors", "Newest runs", *IDLE)),
    View("discover", "done", "/discover", ("Evaluate these vectors", "How it was found")),
    View("curves", "done", "/curves", ("Bars: 95 % Wilson intervals", "Held out"), "one"),
    View("curves", "done", "/curves?tab=All+vectors", ("Click a cell to open",), "all"),
    View("curves", "done", "/curves?tab=Numbers", ("All settings, defaults",), "numbers"),
    View("vector", "done", f"/vector?v={MELBO}:0", ("Open its curves", "At other blocks")),
    View(
        "vector", "done", f"/vector?v={MELBO}&v_tab=Recipe", ("Make it again", "Use it"), "recipe"
    ),
    View("similarity", "done", "/similarity", ("random pairs lie within", "Norms and"), "layers"),
    View("similarity", "done", "/similarity?mode=all", ("effective rank",), "all"),
    View("similarity", "done", "/similarity?mode=one", ("Click a bar to move",), "one"),
    View("similarity", "done", "/similarity?mode=span", ("of random directions",), "span"),
    View("generations", "done", "/generations", ("History", "Mark changes")),
    View("studies", "done", f"/studies?study={STUDY}", ("Are the two directions the same?",)),
    View("audit", "done", "/audit", ("Checked and fine", "What the file says of itself")),
    View("library", "done", "/library", ("Tick a row to open it",), "list"),
    View("library", "done", f"/library?record={MELBO}", ("Settings", "Provenance"), "record"),
)

GONE = "is not here"
MISSING = (
    View("discover", "missing", "/discover?found=ffff00000009", (GONE, "Evaluate these")),
    View("discover", "missing", "/discover?method=sorcery", ("More settings",), "method"),
    View("curves", "missing", "/curves?run=ffff00000009", (GONE, "Wilson"), "run"),
    View("curves", "missing", "/curves?vec=melbo_99", (GONE, "Wilson"), "vector"),
    View("curves", "missing", "/curves?q=ffff00000009", (GONE, "Wilson"), "question"),
    View("curves", "missing", "/curves?ds=nothing&metric=x&part=y&scales=abc&tab=Nowhere&dots=7",
         (GONE, "Wilson"), "malformed"),
    View("vector", "missing", "/vector?v=ffff00000009:1", (GONE, "At other blocks")),
    View("vector", "missing", f"/vector?v={MELBO}:999&v_tab=x&v_run=y", (GONE, "At other"), "row"),
    View("similarity", "missing", "/similarity?a=ffff00000009&b=%00", (GONE, "random pairs"),
         "pair"),
    View("similarity", "missing", "/similarity?cell=99-99&lim=abc", (GONE, "random pairs"), "cell"),
    View("similarity", "missing", "/similarity?mode=nothing", (GONE, "random pairs"), "mode"),
    View("similarity", "missing",
         "/similarity?mode=all&of=x&sets=y&map_block=z&map_order=w", (GONE, "effective"), "all"),
    View("similarity", "missing", "/similarity?mode=one&one=nobody:7", (GONE, "Click a bar"),
         "one"),
    View("similarity", "missing", "/similarity?mode=span&part=a&space=b", (GONE, "of random"),
         "span"),
    View("generations", "missing", "/generations?gen=ffff00000009", (GONE, "History")),
    View("generations", "missing", f"/generations?gen={SPOILT_TEXTS}&p=999&s=-1&view=x&changes=8",
         (GONE, "History"), "prompt"),
    View("generations", "missing", "/generations?vec=nobody:x&scale=abc&unit=y",
         (GONE, "Add a column"), "vector"),
    View("studies", "missing", "/studies?study=ffff00000009", (GONE, "Run a study")),
    View("train", "missing", "/train?adapter=nobody", (GONE,), "adapter"),
    View("train", "missing", "/train?dataset=../../etc/passwd", (GONE,), "dataset"),
    View("audit", "missing", "/audit?audit=ffff00000009", (GONE, "What the file says"),),
    View("library", "missing", "/library?record=ffff00000009", (GONE, "Tick a row")),
    View("library", "missing", "/library?lib_kind=Nothing&lib_text=nobody", ("No record matches",),
         "filter"),
    View("overview", "missing", "/?run=ffff00000009&ds=nothing", ("Strongest vectors",)),
)  # fmt: skip


def at_work(running: str, gen: str) -> tuple[View, ...]:
    """What is seen of a job of `TITLES` that runs; while the first one does, of the others too."""
    waits = "Waiting for the jobs before it"
    seen: dict[str, list[tuple[str, str, str, tuple[str, ...]]]] = {
        FIND: [("discover", "/discover", "", ("step",)), ("similarity", "/similarity", "", ())],
        EVALUATE: [("curves", "/curves", "", ()), ("discover", "/discover", "evaluate", ())],
        GENERATE: [("generations", f"/generations?gen={gen}", "", ("Stop", "How do I bake"))],
        COMPARE: [("studies", "/studies", "", ()), ("overview", "/", "", ())],
        TRAIN: [("train", "/train?adapter=slow", "lora", ("Stop",))],
        BUILD: [("train", "/train?dataset=slow", "dataset", ("Stop",))],
    }
    views = []
    for title in TITLES if running == FIND else (running,):
        for screen, path, note, words in seen[title]:
            is_running = title == running
            told = ("of", *words) if is_running else (waits,)
            state = "running" if is_running else "queued"
            views.append(View(screen, state, path, (*told, title), note))
    if running == FIND:
        tray = ("Jobs · 6 active", "queued, number 1 in line", FIND)
        views += [View(screen, "running", f"/{screen}", tray) for screen in ("audit", "library")]
    return tuple(views)


AGAIN, KEPT = "Run again", "What was finished is kept"


def stopped(title: str, gen: str, run: str = "ffff00000009") -> tuple[View, ...]:
    """What is left of a job of this title that was cancelled."""
    tray = f"{title} · cancelled"
    return {
        FIND: (
            View("discover", "cancelled", "/discover", (tray, AGAIN, "Evaluate these vectors")),
            View("similarity", "cancelled", "/similarity", (tray, AGAIN, "random pairs")),
        ),
        EVALUATE: (
            View("curves", "partial", "/curves", (tray, KEPT, AGAIN, "Wilson", "Show so far")),
            View("curves", "partial", f"/curves?run={run}",
                 (tray, "Unfinished: so far", "Wilson"), "so-far"),
        ),
        GENERATE: (
            View("generations", "partial", f"/generations?gen={gen}",
                 (tray, "Stopped. The texts so far are kept", "Go on from here")),
        ),
        COMPARE: (
            View("studies", "cancelled", "/studies", (tray, KEPT, AGAIN, "Run a study")),
            View("overview", "cancelled", "/", (tray, KEPT, AGAIN, "Strongest vectors")),
        ),
        TRAIN: (
            View("train", "partial", "/train?adapter=slow",
                 (tray, "goes on from the last checkpoint", "Resume"), "lora"),
        ),
        BUILD: (
            View("train", "partial", "/train?dataset=slow",
                 (tray, "Finished texts are kept", "Resume"), "dataset"),
        ),
    }[title]  # fmt: skip


def interrupted(gen: str) -> tuple[View, ...]:
    """After the server was killed and started again."""
    tray = ("Interrupted when the dashboard stopped", "Run again", "Dismiss")
    own = {
        "generations": (f"?gen={gen}", "Go on from here"),
        "train": ("?adapter=slow", "Resume"),
    }
    views = []
    for screen in ALL:
        query, word = own.get(screen, ("", ""))
        path = "/" if screen == "overview" else f"/{screen}{query}"
        views.append(View(screen, "interrupted", path, (*tray, *([word] if word else []))))
    return (*views, View("train", "interrupted", "/train?dataset=slow", (*tray, "Resume"), "set"))


def failed(gen: str) -> tuple[View, ...]:
    """Where the model's weights are torn and two files of the store are damaged."""
    reason, torn = "cannot be loaded", "damaged"
    return (
        View("overview", "failed", "/", ("failed:", reason)),
        View("discover", "failed", "/discover", ("failed:", reason)),
        View("discover", "failed", f"/discover?found={MELBO}&on={SPOILT_RUN}", (torn,), "damaged"),
        View("curves", "failed", "/curves", ("failed:", reason)),
        View("curves", "failed", f"/curves?run={SPOILT_RUN}", (torn,), "damaged"),
        View("similarity", "failed", "/similarity", ("failed:", reason)),
        View("generations", "failed", f"/generations?gen={gen}", ("Failed:", reason)),
        View("generations", "failed", f"/generations?gen={SPOILT_TEXTS}", (torn,), "damaged"),
        View("studies", "failed", "/studies", ("failed:", reason)),
        View("train", "failed", "/train", ("failed:", reason)),
        View("audit", "failed", f"/audit?audit={SPOILT_RUN}", (torn,)),
        View("library", "failed", "/library", ("1 file cannot be read",)),
        View("library", "failed", f"/library?record={SPOILT_RUN}", ("Settings",), "damaged"),
    )
