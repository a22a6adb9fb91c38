"""The pages of the dashboard and how to reach them. Knows nothing of what they show."""

from pathlib import Path
from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit import runtime

PAGES = {
    "overview": (
        "Home",
        ":material/home:",
        "What was measured, what stands out, what runs, and what to do next.",
    ),
    "chat": (
        "Chat",
        ":material/chat:",
        "Talk with the unsteered and the steered model side by side, and move the strength.",
    ),
    "discover": (
        "Discover",
        ":material/travel_explore:",
        "Find steering vectors, rank them, and send them to an evaluation.",
    ),
    "curves": (
        "Scale curves",
        ":material/ssid_chart:",
        "What one vector does to every question, scale by scale.",
    ),
    "similarity": (
        "Similarity",
        ":material/grid_on:",
        "How alike vectors are: layer by layer, copies of one direction, neighbours.",
    ),
    "generations": (
        "Generations",
        ":material/forum:",
        "What the model says, unsteered and steered, side by side.",
    ),
    "studies": (
        "Studies",
        ":material/science:",
        "Both studies from end to end: what was found, beside random vectors.",
    ),
    "train": (
        "Train",
        ":material/model_training:",
        "Build a dataset of honest and deceptive answers, and train a LoRA on one side of it.",
    ),
    "library": (
        "Library",
        ":material/inventory_2:",
        "Everything that is stored; drop records or cards here.",
    ),
    "audit": (
        "Audit",
        ":material/fact_check:",
        "What is wrong in a file of vectors or results, yours or anyone's.",
    ),
    "vector": (
        "Vector",
        ":material/near_me:",
        "One vector: what it does, what it is like, and how it was found.",
    ),
}
"""Title, icon and duty of each page by the name in its address, in the order of a day's work."""
HIDDEN = ("audit", "vector")
"""Pages that are reached from what they show, or became a part of another one."""
FOLDER = Path(__file__).resolve().parents[2] / "pages"


def page(name: str) -> st.Page:
    """The page called `name`; equal names give the same page."""
    title, icon, help_text = PAGES[name]
    path = FOLDER / f"{name}.py"
    is_default = name == next(iter(PAGES))
    return st.Page(
        path,
        title=title,
        icon=icon,
        url_path=name,
        default=is_default,
        help=help_text,
        visibility="hidden" if name in HIDDEN else "visible",
    )


def pages() -> list[st.Page]:
    """All pages, in the order of the menu."""
    return [page(name) for name in PAGES]


def link(name: str, **parameters: str | list[str] | None) -> str:
    """The relative address of a view: the same words give the same view on any tunnel."""
    given = {key: value for key, value in parameters.items() if value not in (None, [])}
    address = "/" if name == next(iter(PAGES)) else f"/{name}"
    return f"{address}?{urlencode(given, doseq=True)}" if given else address


def base() -> str:
    """What stands before a page's path where the dashboard is not at its server's root, else "".

    Behind a proxy only the browser knows it; without a browser it is `server.baseUrlPath`.
    """
    path = urlsplit(st.context.url or "").path.rstrip("/") if runtime.exists() else ""
    if not path:
        return mounted()
    last = path.rpartition("/")[2]
    return path.removesuffix(f"/{last}") if last in PAGES else path


def mounted() -> str:
    """`server.baseUrlPath` with its slash in front, "" where it is not set."""
    told = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{told}" if told else ""
