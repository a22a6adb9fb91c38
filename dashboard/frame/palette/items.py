"""What the palette can open: pages, vectors, runs, texts, talks, data, and what can be done.

Knows nothing of how it is drawn and searched.
"""

from pathlib import Path
from typing import Any

from dashboard.frame.palette import codes
from dashboard.session import naming, navigation, pinned, resources, searching, state, vector_links
from dashboard.widgets import places
from dashboard.words import captions
from engine.records.records import RecordInfo
from engine.store.naming.names import Names

Item = dict[str, Any]
"""What it is called, of which kind, what else finds it, and what opens it."""
KINDS = {
    "vectors": "Vectors",
    "evaluation": "Evaluation",
    "generation": "Texts",
    "conversation": "Conversation",
    "experiment": "Study",
}


def pages() -> list[Item]:
    """All pages; their duty finds them, too."""
    return [
        _item("Page", title, f"{about} {name}", name)
        for name, (title, _, about) in navigation.PAGES.items()
    ]


def stored() -> list[Item]:
    """All that the store holds, what was looked at last and what is starred before the rest."""
    infos = sorted(resources.records(), key=lambda info: info.created)
    sizes = {info.digest: _count(info) for info in infos if info.kind == "vectors"}
    coded = codes.of(f"{digest}:{n}" for digest, size in sizes.items() for n in range(size))
    names, newest = naming.names(), resources.own_first(list(reversed(infos)))
    found = [
        _vector(names, info, place, coded)
        for info in newest
        for place in range(sizes.get(info.digest, 0))
    ]
    found += [_record(names, info) for info in newest]
    recent = [one for one in (pinned.current(), pinned.reference()) if one is not None]
    found.sort(key=lambda item: (item["of"] not in recent, not item["star"], item["is_helper"]))
    return found + _data()


def _item(kind: str, label: str, more: str, page: str, **parameters: str) -> Item:
    return {"kind": kind, "label": label, "more": more, "page": page, "with": parameters}


def _count(info: RecordInfo) -> int:
    if info.about.inside:
        return len(info.about.inside)
    return len(resources.header(info.digest, info.path).get("sites") or ())


def _vector(names: Names, info: RecordInfo, place: int, coded: dict[str, str]) -> Item:
    reference = f"{info.digest}:{place}"
    parameters = {vector_links.PARAMETER: reference}
    found = _noted(names, reference, info, "Vector", (vector_links.PAGE, parameters))
    return {**found, "code": coded[reference]}


def _record(names: Names, info: RecordInfo) -> Item:
    # Where what reads vectors is shown stands in its tables, which no line of a list is worth.
    is_reading = info.kind == "experiment" and info.method in places.READ
    place = None if is_reading else places.of_record(info)
    where = place or ("library", {"record": info.digest})
    return _noted(names, info.digest, info, KINDS[info.kind], where)


def _noted(names: Names, subject: str, info: RecordInfo, kind: str, where: places.Place) -> Item:
    """With the name that a thing has on every page, and a reader's own tags and notes."""
    note = names.note(subject)
    more = (captions.method(info.method), info.model, info.summary, subject, note.words, *note.tags)
    item = _item(kind, names.of(subject), " ".join(more), where[0], **where[1])
    is_helper = names.parent(info.digest) is not None
    return {**item, "of": subject, "star": note.star, "is_helper": is_helper}


def _data() -> list[Item]:
    """Files of questions: Discover evaluates on them."""
    return [
        _item("Questions", Path(path).stem, path, "discover") | {"questions": path}
        for path in resources.question_files()
    ]


def filters() -> list[Item]:
    """The searches of the library that stand ready."""
    return [
        _item("Filter", one.title, f"{one.about} {one.question}", "library", lib_text=one.question)
        for one in searching.filters()
    ]


def actions() -> list[Item]:
    """What can be done from anywhere, as things are now."""
    status = resources.engine().status()
    found = [
        _item("Action", "New conversation", "chat talk begin", "chat") | {"do": "talk"},
        _item("Action", "New grid of texts", "generate write", "generations") | {"do": "grid"},
        _item("Action", "Change model", "another adapter lora precision", "") | {"do": "model"},
        _item("Action", "Start the tour", "help introduction first steps", "") | {"do": "tour"},
        _item("Action", "Copy the link to this view", "share address url", "") | {"do": "copy"},
        _item("Action", "Keys of this page", "shortcuts keyboard help", "") | {"do": "keys"},
    ]
    if status.state == "ready":
        found.append(_item("Action", "Unload the model", "memory free", "") | {"do": "unload"})
    else:
        title = f"Load {state.title(state.model())}"
        found.append(_item("Action", title, "model memory", "") | {"do": "load"})
    for job in resources.engine().jobs.active():
        cancel = _item("Action", f"Cancel: {job.title}", "stop job", "")
        found.append(cancel | {"do": "cancel", "job": job.id})
    return found
