"""The one door equals the library's own model with plain hooks."""

import threading

import pytest
import torch

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.model.edits import Edit, EditBatch
from tests import tiny
from tests.reference import steering

KINDS = ["qwen3", "llama"]
TOKENS = [5, 9, 300, 41, 7, 88, 13, 200, 64, 31]


def deltas(rows: int, hidden: int = 32, seed: int = 3) -> torch.Tensor:
    return tiny.seeded(rows, hidden, seed=seed)


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_equals_the_whole_model_with_a_hook(kind: str) -> None:
    door = tiny.door(kind)
    edits = EditBatch.add(Site(block=1), deltas(3))

    fast = door.next_logits(TOKENS, edits)

    for row, vector in enumerate(deltas(3)):
        slow = steering.logits(door.loaded.model, TOKENS, 1, vector)
        torch.testing.assert_close(fast[row], slow, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_with_a_kept_prefix_equal_the_whole_model(kind: str) -> None:
    door = tiny.door(kind)
    edits = EditBatch.add(Site(block=1), deltas(3))
    start = door.start(TOKENS, 1)

    first = door.prefill(start, edits, 4)
    second = door.prefill(start, edits, 7, first)
    fast = door.answers(start, edits, [17, 18], second)

    for row, vector in enumerate(deltas(3)):
        slow = steering.logits(door.loaded.model, TOKENS, 1, vector)
        torch.testing.assert_close(fast.logits[row], slow[[17, 18]], atol=1e-4, rtol=1e-5)
        mass = slow.softmax(-1)[[17, 18]].sum()
        torch.testing.assert_close(fast.mass[row], mass, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_librarys_own_blocks_give_what_those_run_by_hand_give(kind: str) -> None:
    door = tiny.door(kind)

    def everything() -> list[torch.Tensor]:
        edits = EditBatch.add(Site(block=1), deltas(3))
        start = door.start(TOKENS, 1)
        past = door.prefill(start, edits, 4)
        decoder = door.decoder([TOKENS] * 3, edits)
        steps = [decoder.first(), decoder.next([7, 8, 9])]
        states = [door.states(start, edits, 3, last) for last in (1, 4, len(TOKENS))]
        return [door.answers(start, edits, [17, 18], past).logits, *steps, *states]

    fast = everything()
    assert door._runner._fused is not None
    door._runner._fused = None

    for one, other in zip(fast, everything(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", [*KINDS, "gpt2"])
def test_the_hooked_way_equals_the_model(kind: str) -> None:
    door = tiny.door(kind)
    door.use_hooks()
    zero = EditBatch.none(1)
    with torch.no_grad():
        own = door.loaded.model(torch.tensor([TOKENS])).logits[0, -1]

    torch.testing.assert_close(door.next_logits(TOKENS, zero)[0], own)
    edits = EditBatch.add(Site(block=1), deltas(2))
    start = door.start(TOKENS, 1)
    answers = door.answers(start, edits, [17, 18])
    torch.testing.assert_close(
        answers.logits, door.next_logits(TOKENS, edits)[:, [17, 18]], atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_states_and_their_gradient_equal_the_slow_objective(kind: str) -> None:
    door = tiny.door(kind)
    vectors = deltas(2).requires_grad_()
    start = door.start(TOKENS, 1)
    base = door.states(start, EditBatch.none(1), 3, 4).detach()
    fast = (door.states(start, EditBatch.add(Site(block=1), vectors), 3, 4) - base).norm(dim=(1, 2))
    fast.sum().backward()

    for row in range(2):
        slow_vector = deltas(2)[row].requires_grad_()
        slow = steering.displacement(door.loaded.model, TOKENS, 1, 3, 4, slow_vector)
        slow.backward()
        torch.testing.assert_close(fast[row], slow, atol=1e-4, rtol=1e-5)
        torch.testing.assert_close(vectors.grad[row], slow_vector.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_scale_zero_is_the_baseline_bit_for_bit(kind: str) -> None:
    door = tiny.door(kind)
    rows = [
        [Edit(site=Site(block=2), vector=deltas(1)[0], scale=0.0, operation=operation)]
        for operation in ("add", "ablate")
    ]

    steered = door.next_logits(TOKENS, EditBatch.stack(rows))

    assert torch.equal(steered, door.next_logits(TOKENS, EditBatch.none(2)))


def test_ablation_removes_the_direction_and_keeps_the_rest() -> None:
    door = tiny.door("qwen3")
    vector = deltas(1)[0]
    edit = Edit(site=Site(block=2), vector=vector, scale=1.0, operation="ablate")
    start = door.start(TOKENS, 2)

    out = door.states(start, EditBatch.stack([[edit]]), 2, len(TOKENS))[0].detach()

    unit = vector / vector.norm()
    assert (out @ unit).abs().max() <= 1e-4 * out.norm(dim=-1).min()
    removed = start.hidden[0] - out
    torch.testing.assert_close(removed, (start.hidden[0] @ unit)[:, None] * unit)


def test_preserve_norm_keeps_every_norm() -> None:
    door = tiny.door("llama")
    edit = Edit(site=Site(block=1), vector=deltas(1)[0], scale=5.0, preserve_norm=True)
    start = door.start(TOKENS, 1)

    out = door.states(start, EditBatch.stack([[edit]]), 1, len(TOKENS))[0].detach()

    torch.testing.assert_close(out.norm(dim=-1), start.hidden[0].norm(dim=-1))
    assert not torch.allclose(out, start.hidden[0])


@pytest.mark.parametrize(
    ("positions", "changed"),
    [
        ("all", range(10)),
        ("prompt", range(10)),
        ("response", range(9, 10)),
        ("last-3", range(7, 10)),
    ],
)
def test_positions_say_which_tokens_change(positions: str, changed: range) -> None:
    door = tiny.door("qwen3")
    edit = Edit(site=Site(block=1), vector=deltas(1)[0], scale=1.0, positions=positions)
    start = door.start(TOKENS, 1)

    out = door.states(start, EditBatch.stack([[edit]]), 1, len(TOKENS))[0].detach()

    moved = (out - start.hidden[0]).norm(dim=-1) > 0
    assert [i for i in range(10) if moved[i]] == list(changed)


def test_input_of_a_block_is_the_output_of_the_one_before() -> None:
    door = tiny.door("llama")
    before = EditBatch.add(Site(block=2, kind="block_in"), deltas(1))
    after = EditBatch.add(Site(block=1), deltas(1))
    mlp = EditBatch.add(Site(block=1, kind="mlp_out"), deltas(1))

    expected = door.next_logits(TOKENS, after)

    assert torch.equal(door.next_logits(TOKENS, before), expected)
    assert torch.equal(door.next_logits(TOKENS, mlp), expected)


@pytest.mark.parametrize("kind", [*KINDS, "gpt2"])
@pytest.mark.parametrize("positions", ["all", "prompt", "response"])
def test_decoding_equals_the_whole_model_at_every_step(kind: str, positions: str) -> None:
    door = tiny.door(kind)
    vectors = deltas(2)
    rows = [[Edit(site=Site(block=1), vector=v, scale=2.0, positions=positions)] for v in vectors]
    decoder = door.decoder([TOKENS, TOKENS], EditBatch.stack(rows))
    logits = decoder.first()
    text = [[], []]
    for _ in range(3):
        chosen = logits.argmax(-1).tolist()
        for row, token in enumerate(chosen):
            text[row].append(token)
        logits = decoder.next(chosen)

    for row in range(2):
        alone = [Edit(site=Site(block=1), vector=vectors[row], scale=2.0, positions=positions)]
        # Positions are counted from the prompt, so the whole text is one pass with a mask by hand.
        expected = whole_pass(door, TOKENS, text[row], alone)
        torch.testing.assert_close(logits[row], expected, atol=1e-4, rtol=1e-4)


def whole_pass(door, prompt: list[int], answer: list[int], edits: list[Edit]) -> torch.Tensor:
    tokens = prompt + answer
    reach = {
        "all": range(len(tokens)),
        "prompt": range(len(prompt)),
        "response": range(len(prompt) - 1, len(tokens)),
    }[edits[0].positions]
    mask = torch.zeros(len(tokens), 1)
    mask[list(reach)] = 1.0
    blocks = (
        door.loaded.model.transformer.h
        if hasattr(door.loaded.model, "transformer")
        else steering.blocks_of(door.loaded.model)
    )

    def hook(_module, _args, output):
        change = mask * edits[0].scale * edits[0].vector
        return (output[0] + change, *output[1:]) if isinstance(output, tuple) else output + change

    handle = blocks[edits[0].site.block].register_forward_hook(hook)
    try:
        with torch.no_grad():
            return door.loaded.model(torch.tensor([tokens])).logits[0, -1]
    finally:
        handle.remove()


def test_two_threads_never_steer_each_other() -> None:
    door = tiny.door("qwen3")
    batches = [EditBatch.add(Site(block=1), deltas(1, seed=s) * 3) for s in range(4)]
    alone = [door.next_logits(TOKENS, b) for b in batches]
    wrong: list[int] = []

    def steer(index: int) -> None:
        for _ in range(25):
            if not torch.equal(door.next_logits(TOKENS, batches[index]), alone[index]):
                wrong.append(index)

    threads = [threading.Thread(target=steer, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_the_hooked_way_leaves_no_hook_after_an_error() -> None:
    door = tiny.door("qwen3")
    door.use_hooks()
    bad = EditBatch.add(Site(block=1), torch.zeros(1, 7))

    with pytest.raises(RuntimeError):
        door.next_logits(TOKENS, bad)

    assert all(not b._forward_hooks and not b._forward_pre_hooks for b in door.hooked.layers)


def test_a_layer_that_does_not_exist_is_refused_in_words() -> None:
    door = tiny.door("qwen3")

    with pytest.raises(ConfigError, match="source layer is 5, but qwen3 has blocks 0 to 4"):
        door.check_layer(5, "source layer")
