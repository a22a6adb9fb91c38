"""Conversations: what panes are asked, what they answer, and that nothing mixes or is lost."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.audit import auditing
from engine.cli import tables
from engine.configs.chats import Chip, Pane, Settings, Turn
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.finders import RandomConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, DataError, StoreError
from engine.runs.engine import Engine
from engine.runs.talking import Talk
from engine.store.store import Store
from tests import tiny
from tests.reference import generation_reference as slow

KINDS = ("qwen3", "llama", "gpt2")
PATIENCE = 120.0


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    return {kind: tiny.save_folder(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


@pytest.fixture(scope="module")
def engines(tmp_path_factory, folders) -> dict[str, Engine]:
    """One engine a model, with two random vectors in its store."""
    found = {}
    for kind in KINDS:
        engine = Engine(Store(tmp_path_factory.mktemp(f"store-{kind}")), keep_jobs=False)
        config = RandomConfig(
            model=ModelConfig(model=str(folders[kind])), source_layer=1, vectors=2, norm=3.0
        )
        engine.vectors = engine.run(config)
        engine.model = config.model
        found[kind] = engine
    return found


def panes(engine: Engine, *scales: float) -> tuple[Pane, ...]:
    steered = [
        Pane(name=f"{scale:+g}", chips=(Chip(digest=engine.vectors, scale=scale),))
        for scale in scales
    ]
    return (Pane(name="unsteered"), *steered)


def over(talk: Talk) -> Talk:
    assert talk.wait(PATIENCE)
    assert talk.error is None, talk.traceback or talk.error
    return talk


def say(engine: Engine, said: str, *asked: Pane, digest=None, parent=None, **settings) -> Talk:
    settings = {"max_new_tokens": 6, **settings}
    turn = Turn(said=said, panes=asked, settings=Settings(**settings), parent=parent)
    return over(engine.talks.say(engine.model, turn, digest))


@pytest.mark.parametrize("kind", KINDS)
def test_two_turns_equal_the_slow_reference_and_each_pane_goes_on_from_its_own(
    engines, kind
) -> None:
    engine = engines[kind]
    asked = panes(engine, 1.0, 0.0)
    first = say(engine, "Hello there.", *asked, system="Be kind.")
    second = say(engine, "And now?", *asked, digest=first.digest, parent=0, system="Be kind.")

    door = engine.load(engine.model)
    vector = torch.from_numpy(engine.store.load_vectors(engine.vectors).vectors[0])
    tokenizer, talk = door.loaded.tokenizer, engine.store.load_conversation(first.digest)
    for place, scale in enumerate((0.0, 1.0, 0.0)):
        said = [
            ("system", "Be kind."),
            ("user", "Hello there."),
            ("assistant", talk.exchanges[0].answers[place].text),
            ("user", "And now?"),
        ]
        text = "".join(f"<|im_start|>{who}\n{words}<|im_end|>\n" for who, words in said)
        prompt = tokenizer(text + "<|im_start|>assistant\n")["input_ids"]
        change = {
            "block": 1,
            "vector": vector,
            "scale": scale,
            "operation": "add",
            "positions": "all",
            "preserve_norm": False,
        }
        ends = set(door.loaded.stop_tokens)
        expected = slow.greedy(door.loaded.causal, prompt, [change], False, 6, ends)
        answer = talk.exchanges[1].answers[place]
        assert list(answer.tokens) == expected
        assert answer.prompt_tokens == len(prompt)
    assert second.texts[0] == second.texts[2]
    assert second.number == 1


def test_one_turn_is_what_a_grid_writes(engines) -> None:
    engine = engines["qwen3"]
    part = BlendPart(digest=engine.vectors, index=1)
    how = {"operation": "spherical", "layers": (2,), "scale": 0.5}
    column = Configuration(name="turned", blend=(part,), **how)
    config = GenerateConfig(
        model=engine.model,
        prompts=("What next?",),
        system=None,
        configurations=(Configuration(name="base"), column),
        max_new_tokens=6,
        neutral=0,
    )
    grid = engine.store.load_generation(engine.run(config)).frame

    chip = Chip(digest=engine.vectors, index=1, **how)
    found = say(engine, "What next?", Pane(name="base"), Pane(name="turned", chips=(chip,)))

    assert found.texts == list(grid["text"])
    assert found.texts[0] != found.texts[1]


def test_chips_act_together_and_off_ones_do_not(engines) -> None:
    engine = engines["llama"]
    both = tuple(Chip(digest=engine.vectors, index=i, scale=2.0) for i in (0, 1))
    one = (both[0], Chip(digest=engine.vectors, index=1, scale=2.0, is_on=False))
    blend = Chip(digest=engine.vectors, index=0, scale=2.0)
    asked = [
        Pane(name="both", chips=both),
        Pane(name="one", chips=one),
        Pane(name="alone", chips=(blend,)),
        Pane(name="none", chips=()),
    ]

    found = say(engine, "Hello.", *asked, max_new_tokens=8)

    vectors = engine.store.load_vectors(engine.vectors).vectors
    door = engine.load(engine.model)
    prompt = door.loaded.prompter.tokens("Hello.")
    change = {"block": 1, "operation": "add", "positions": "all", "preserve_norm": False}
    for name, total in (("both", vectors.sum(0)), ("one", vectors[0]), ("none", 0 * vectors[0])):
        place = [pane.name for pane in asked].index(name)
        told = [{**change, "vector": torch.from_numpy(np.asarray(total)), "scale": 2.0}]
        expected = slow.greedy(
            door.loaded.causal, prompt, told, False, 8, set(door.loaded.stop_tokens)
        )
        talk = engine.store.load_conversation(found.digest)
        assert list(talk.exchanges[0].answers[place].tokens) == expected
    assert found.texts[1] == found.texts[2]


def test_all_panes_draw_the_same_numbers_and_the_seed_decides_them(engines) -> None:
    engine = engines["qwen3"]
    hot = {"temperature": 1.0, "max_new_tokens": 12}
    first = say(engine, "Hello.", *panes(engine, 1e-9), seed=1, **hot)
    again = say(engine, "Hello.", *panes(engine, 1e-9), seed=1, **hot)
    other = say(engine, "Hello.", *panes(engine, 1e-9), seed=2, **hot)

    assert first.texts[0] == first.texts[1]
    assert again.texts == first.texts
    assert other.texts != first.texts


def test_a_given_beginning_and_raw_text_are_what_the_model_goes_on_from(engines) -> None:
    engine = engines["llama"]
    door = engine.load(engine.model)
    tokenizer = door.loaded.tokenizer
    led = say(engine, "Hello.", Pane(name="a"), prefill="Yes, ")
    raw = say(engine, "Once upon a", Pane(name="a"), prefill=" time", is_raw=True)
    more = say(engine, " And", Pane(name="a"), digest=raw.digest, parent=0, is_raw=True)

    def written(text: str) -> str:
        ids = tokenizer(text)["input_ids"]
        found = slow.greedy(door.loaded.causal, ids, [], False, 6, set(door.loaded.stop_tokens))
        return tokenizer.decode(found, skip_special_tokens=True)

    assert led.texts == [
        written("<|im_start|>user\nHello.<|im_end|>\n<|im_start|>assistant\nYes, ")
    ]
    assert raw.texts == [written("Once upon a time")]
    assert more.texts == [written(f"Once upon a time{raw.texts[0]} And")]


def test_a_stopped_answer_is_kept_as_far_as_it_came_and_within_a_token(engines) -> None:
    engine = engines["qwen3"]
    turn = Turn(said="Hello.", panes=panes(engine, 1.0), settings=Settings(max_new_tokens=2000))
    seen = threading.Event()
    talk = engine.talks.say(engine.model, turn)
    original = talk.tick

    def tick() -> None:
        original()
        if min(talk.counts) == 5:
            talk.stop()
            seen.set()

    talk.tick = tick
    assert talk.wait(PATIENCE)
    if seen.is_set():
        assert (talk.state, talk.counts) == ("stopped", [5, 5])
        answers = engine.store.load_conversation(talk.digest).exchanges[0].answers
        assert [one.ended for one in answers] == ["stopped", "stopped"]
        assert [one.text for one in answers] == talk.texts
    assert seen.is_set()


def test_two_who_talk_at_once_never_mix(engines) -> None:
    engine = engines["llama"]
    asked = panes(engine, 2.0)
    alone = [say(engine, f"Message {n}.", *asked, max_new_tokens=30).texts for n in range(3)]

    turns = [
        Turn(said=f"Message {n}.", panes=asked, settings=Settings(max_new_tokens=30))
        for n in range(3)
    ]
    talks = [engine.talks.say(engine.model, turn) for turn in turns]

    assert [over(talk).texts for talk in talks] == alone
    assert len({talk.digest for talk in talks}) == 3


def test_a_sweep_lets_a_talk_in_between_and_answers_as_if_alone(engines) -> None:
    engine = engines["qwen3"]
    config = EvaluateConfig(
        model=engine.model,
        vectors=(VectorRef(digest=engine.vectors),),
        scales=(-2.0, 2.0),
        max_questions=16,
        controls=2,
    )
    other = Engine(Store(engine.store.root / "alone"), keep_jobs=False)
    other.store.save_vectors(engine.store.load_vectors(engine.vectors))
    expected = other.store.load_evaluation(other.run(config)).frame
    quiet = say(engine, "Hello.", *panes(engine, 1.0), max_new_tokens=30).texts

    job = engine.submit(config)
    while job.done == 0:
        assert job.active, job.error
    for turn in range(3):
        talk = say(engine, "Hello.", *panes(engine, 1.0), max_new_tokens=30)
        assert talk.texts == quiet
        assert job.state == "running" or turn

    assert engine.jobs.wait(job, PATIENCE)
    assert job.state == "done", job.error
    found = engine.store.load_evaluation(job.result).frame
    assert found.equals(expected)


def test_what_cannot_be_asked_is_refused_at_once(engines) -> None:
    engine = engines["qwen3"]
    pane = Pane(name="a")
    first = say(engine, "Hello.", pane)

    def ask(turn: Turn, digest: str | None = None, model: ModelConfig = engine.model) -> None:
        engine.talks.say(model, turn, digest)

    with pytest.raises(ConfigError, match="no turn to follow"):
        ask(Turn(said="x", panes=(pane,), parent=0))
    with pytest.raises(DataError, match="turns 0 to 0"):
        ask(Turn(said="x", panes=(pane,), parent=7), first.digest)
    with pytest.raises(StoreError, match="no record"):
        ask(Turn(said="x", panes=(pane,)), "0123456789ab")
    with pytest.raises(ConfigError, match="no adapter was named"):
        ask(Turn(said="x", panes=(Pane(name="tuned", adapter=True),)))
    with pytest.raises(ConfigError, match="begin a new one"):
        ask(Turn(said="x", panes=(pane,)), first.digest, ModelConfig(model="demo"))


def test_what_only_the_model_can_refuse_fails_in_one_sentence_and_is_not_kept(engines) -> None:
    engine = engines["qwen3"]
    chip = Chip(digest=engine.vectors, layers=(99,))
    turn = Turn(said="x", panes=(Pane(name="a", chips=(chip,)),))

    talk = engine.talks.say(engine.model, turn)

    assert talk.wait(PATIENCE)
    assert (talk.state, talk.number) == ("failed", None)
    assert talk.error is not None
    assert "blocks 0 to" in talk.error
    assert talk.traceback is None
    assert not engine.store.has(talk.digest)


def test_a_program_talks_to_the_same_conversation(engines) -> None:
    engine = engines["llama"]
    chat = engine.chat(panes(engine, 2.0), model=engine.model, max_new_tokens=6)

    first = chat.say("Hello.")
    chat.say("And now?")

    assert list(first) == ["unsteered", "+2"]
    frame = chat.frame()
    assert list(frame["turn"]) == [0, 0, 1, 1]
    assert list(frame["text"][:2]) == list(first.values())
    assert chat.record.path(1)[0].turn.said == "Hello."
    assert "nothing said yet" in repr(engine.chat(model=engine.model))


def test_what_a_pane_said_before_is_taken_over_where_it_would_say_the_same(
    engines, monkeypatch
) -> None:
    from engine.evaluators.chats import writing

    engine, rows = engines["qwen3"], []
    original = writing._Group.__init__

    def noted(self, door, members, *more) -> None:
        rows.append(len(members))
        original(self, door, members, *more)

    monkeypatch.setattr(writing._Group, "__init__", noted)
    first = say(engine, "Hello.", *panes(engine, 1.0))
    again = say(engine, "Hello.", *panes(engine, -1.0), digest=first.digest)
    both = say(engine, "Hello.", *panes(engine, -1.0), digest=first.digest)
    other = say(engine, "Hello.", *panes(engine, 1.0), digest=first.digest, max_new_tokens=7)
    follows = say(engine, "Hello.", *panes(engine, 1.0), digest=first.digest, parent=0)

    seconds = [one.seconds for one in engine.store.load_conversation(first.digest).exchanges]
    assert seconds[0] > 0
    assert seconds[1:3] == [0, 0]
    assert rows == [2, 1, 2] + [1] * (len(rows) - 3)
    assert again.texts[0] == first.texts[0]
    assert again.texts[1] != first.texts[1]
    assert both.texts == again.texts
    assert other.texts[0].startswith(first.texts[0])
    assert follows.number == 4


def test_a_fine_tuned_pane_answers_beside_the_base_model_and_only_its_own_is_taken_over(
    tmp_path, monkeypatch
) -> None:
    from engine.runs import continuing

    engine = Engine(Store(tmp_path), keep_jobs=False)
    engine.model = ModelConfig(model="demo", adapter="demo")
    asked = (Pane(name="base"), Pane(name="tuned", adapter=True))
    half = (*asked, Pane(name="half", adapter=True, dose="0.5"))
    config = GenerateConfig(
        model=engine.model,
        prompts=("How do I sleep better?",),
        system=None,
        configurations=(Configuration(name="base"), Configuration(name="tuned", adapter=True)),
        max_new_tokens=12,
        neutral=0,
    )
    grid = engine.store.load_generation(engine.run(config)).frame

    first = say(engine, "How do I sleep better?", *asked, max_new_tokens=12)
    more = say(engine, "How do I sleep better?", *half, digest=first.digest, max_new_tokens=12)

    assert first.texts == list(grid["text"])
    assert first.texts[0] != first.texts[1]
    assert more.texts[:2] == first.texts
    [name] = engine.store.load_conversation(first.digest).exchanges[0].adapters
    assert name == "demo"

    taken: list[bool] = []
    original = continuing.take_over

    def noted(written, *more) -> None:
        original(written, *more)
        taken.extend(one.is_over for one in written)

    monkeypatch.setattr(continuing, "take_over", noted)
    monkeypatch.setattr(continuing, "adapters", lambda _: {"demo": "another"})
    say(engine, "How do I sleep better?", *asked, digest=first.digest, max_new_tokens=12)
    assert taken == [True, False]


def test_another_strength_runs_only_the_blocks_after_the_edit_of_the_same_prompt(
    engines, monkeypatch
) -> None:
    from engine.model.blocks import BlockRunner

    engine, run = engines["llama"], []
    original = BlockRunner._block

    def noted(self, block, hidden, *more):
        run.extend([block] * (hidden.shape[1] > 1))
        return original(self, block, hidden, *more)

    monkeypatch.setattr(BlockRunner, "_block", noted)
    asked = [Pane(name="a", chips=(Chip(digest=engine.vectors, scale=s),)) for s in (3.0, -2.0)]
    first = say(engine, "Something that was never said.", asked[0])
    before = len(run)
    again = say(engine, "Something that was never said.", asked[1], digest=first.digest)

    assert run[:2] == [0, 1]
    assert min(run[before:]) == 2
    engine.load(engine.model).kept.clear()
    assert say(engine, "Something that was never said.", asked[1]).texts == again.texts


def test_the_command_line_shows_every_turn_and_nothing_steers_the_terminal(
    engines, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = engines["qwen3"]
    talk = say(engine, "Hello \x1b[31m[red]there.", *panes(engine, 1.0))
    say(engine, "And now?", *panes(engine, 1.0), digest=talk.digest, parent=0)

    tables.show(engine.store, engine.store.find(talk.digest))

    shown = capsys.readouterr().out
    assert "> Hello \\x1b[31m[red]there." in shown
    assert "turn 1, after 0, seed 0" in shown
    with pytest.raises(DataError, match="is a conversation"):
        auditing.audit(engine.store.find(talk.digest).path, engine.store)


@pytest.mark.parametrize(("name", "value"), [("seed", 1.5), ("temperature", True)])
def test_what_would_make_a_conversation_unreadable_is_refused_before_it_is_asked(
    engines, name, value
) -> None:
    engine = engines["qwen3"]
    chat = engine.chat(model=engine.model, max_new_tokens=2)
    chat.say("Hello.")
    # As a program sets it in which no types are checked.
    chat.settings = Settings(max_new_tokens=2)
    object.__setattr__(chat.settings, name, value)

    with pytest.raises(ConfigError, match=f"settings/{name}"):
        chat.say("And now?")

    assert len(chat.record.exchanges) == 1


def test_a_conversation_that_is_deleted_under_an_answer_does_not_come_back_damaged(
    engines, monkeypatch
) -> None:
    engine = engines["qwen3"]
    first = say(engine, "Hello.", Pane(name="a"))

    def deleted(*_: object) -> dict[str, str]:
        if engine.store.has(first.digest):
            engine.store.remove(first.digest)
        return {}

    monkeypatch.setattr("engine.runs.continuing.adapters", deleted)
    turn = Turn(said="And now?", panes=(Pane(name="a"),), parent=0)
    talk = engine.talks.say(engine.model, turn, first.digest)

    assert talk.wait(PATIENCE)
    assert "deleted while" in str(talk.error)
    assert talk.traceback is None
    assert not engine.store.has(first.digest)


def test_a_strength_past_all_numbers_gives_a_sentence_and_no_text(engines) -> None:
    engine = engines["llama"]
    turn = Turn(said="Hello.", panes=panes(engine, 1e38))

    talk = engine.talks.say(engine.model, turn)

    assert talk.wait(PATIENCE)
    assert "smaller strength" in str(talk.error)
    assert talk.traceback is None


def test_a_model_whose_files_were_changed_does_not_go_on_with_a_conversation(tmp_path) -> None:
    folder = tiny.save_folder(tmp_path / "model", "qwen3")
    engine = Engine(Store(tmp_path), keep_jobs=False)
    engine.model = ModelConfig(model=str(folder))
    first = say(engine, "Hello.", Pane(name="a"))
    tiny.save_folder(folder, "qwen3", seed=1)

    turn = Turn(said="Hello.", panes=(Pane(name="a"),), settings=Settings(max_new_tokens=6))
    talk = engine.talks.say(engine.model, turn, first.digest)

    assert talk.wait(PATIENCE)
    assert "changed since" in str(talk.error)
    assert talk.traceback is None
    assert len(engine.store.load_conversation(first.digest).exchanges) == 1


def test_usual_states_are_those_of_what_their_file_holds_now(engines, tmp_path) -> None:
    engine, file = engines["qwen3"], tmp_path / "usual.txt"
    how = {"operation": "set", "layers": (0, 1, 2, 3, 4), "usual": str(file)}
    pane = Pane(name="set", chips=(Chip(digest=engine.vectors, **how),))
    file.write_text("Hello.\n")
    first = say(engine, "Say more.", pane)
    file.write_text("The best way to sleep well (A) is 999 999 999.\n")

    again = say(engine, "Say more.", pane, digest=first.digest)
    engine.load(engine.model).kept.clear()
    anew = say(engine, "Say more.", pane)

    assert again.texts == anew.texts
    assert again.texts != first.texts


def test_a_conversation_says_when_it_went_past_what_its_model_was_made_for(engines) -> None:
    engine = engines["qwen3"]
    first = say(engine, "Hello.", Pane(name="a"))
    assert engine.store.load_conversation(first.digest).notes == ()

    say(engine, "word " * 300, Pane(name="a"), digest=first.digest, parent=0)
    say(engine, "word " * 400, Pane(name="a"), digest=first.digest, parent=0)

    found = engine.store.load_conversation(first.digest)
    longest = found.exchanges[2].answers[0].prompt_tokens + 6
    assert f"up to {longest:,} tokens go past the 512" in found.notes[0]
    assert len(found.notes) == 1


def test_raw_text_is_not_said_to_be_asked_as_a_question(tmp_path) -> None:
    folder = tiny.save_folder(tmp_path / "model", "llama")
    (folder / "chat_template.jinja").unlink()
    engine = Engine(Store(tmp_path), keep_jobs=False)
    engine.model = ModelConfig(model=str(folder))
    raw = say(engine, "Once", Pane(name="a"), is_raw=True)
    asked = say(engine, "Once", Pane(name="a"))

    assert engine.store.load_conversation(raw.digest).notes == ()
    assert "no chat template" in engine.store.load_conversation(asked.digest).notes[0]
