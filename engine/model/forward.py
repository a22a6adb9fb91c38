"""The one door to the model: every pass, steered or not, goes through here, under one lock.

Knows nothing of methods, files or screens. An edit is a value given with the call, so nothing is
ever left on the model, and two callers cannot steer each other.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int
from torch import Tensor

from engine.configs.core import Site
from engine.configs.steering.doses import Which
from engine.errors import ConfigError
from engine.model.blocks import BlockRunner, EditAt, Layout, RowCache
from engine.model.decoding import Decoder, Passes, edit_at, untouched
from engine.model.edits import EditBatch
from engine.model.hooked import HookedRunner, on_device
from engine.model.loading import LoadedModel
from engine.model.selftests.verdicts import Check
from engine.model.ways.attention import plain_attention as plain_attention
from engine.model.ways.begun import Answers as Answers
from engine.model.ways.begun import Start as Start
from engine.model.ways.given import given_by_hooks, shown_by_hooks
from engine.model.ways.head import Head, Show

Read = Callable[[Tensor, int, int], None]
"""Refreshes at (hidden [rows, tokens, hidden], block, position of the first token given)."""


class Forward:
    """All ways of running one loaded model."""

    def __init__(self, loaded: LoadedModel) -> None:
        """Choose the fast way where the decoder's modules fit; `checks` proves it right."""
        self.loaded = loaded
        self.lock = loaded.switch.lock
        core: Any = getattr(loaded.causal, "model", None)
        # Packed weights obey only their own module's call, and their heads have no rows to read.
        is_plain = not loaded.is_packed
        self._fits = core is not None and is_plain and BlockRunner.fits(core)
        # They go with their adapter, so that doses of one do not pile up.
        self._runners: WeakKeyDictionary[Any, BlockRunner] = WeakKeyDictionary()
        self.hooked = HookedRunner(loaded.causal)
        self.checks: Sequence[Check] = ()
        """What the self-tests found; filled by them."""
        self.kept: dict[str, Any] = {}
        """What others have measured of this model, by their names; it goes when the door goes."""
        self._head = Head(loaded.causal)

    @property
    def blocks(self) -> int:
        """How many decoder blocks."""
        return self.loaded.blocks

    @property
    def hidden(self) -> int:
        """Width of the residual stream."""
        return self.loaded.hidden

    @property
    def is_segmented(self) -> bool:
        """Whether blocks are run by hand (fast) or through hooks (generic)."""
        return self._fits

    def use_hooks(self) -> None:
        """Give up the fast way, because its self-test failed on this model."""
        self._fits = False

    @property
    def _runner(self) -> BlockRunner | None:
        """The blocks as they are now, with the adapter that is on."""
        if not self._fits:
            return None
        current = self.loaded.switch.current or self.loaded.causal
        if current not in self._runners:
            self._runners[current] = BlockRunner(self.loaded.causal.model, self.lock.give_way)
        return self._runners[current]

    @property
    def keeps_past(self) -> bool:
        """Whether a text is written from kept states; else each token takes a whole pass."""
        return self._fits or self.hooked.keeps_cache

    def use_whole_passes(self) -> None:
        """Write with hooks and no kept states, because those failed their self-test."""
        self._fits = False
        self.hooked.keeps_cache = False

    def use_one_length(self) -> None:
        """Run nothing but whole passes of one length, because later tokens change earlier ones."""
        self.use_whole_passes()
        self.hooked.depends_on_length = True

    @property
    def depends_on_length(self) -> bool:
        """Whether states change with the tokens that follow, so that no row may be padded."""
        return self.hooked.depends_on_length

    def check_layer(self, layer: int, name: str) -> None:
        """Refuse a block this model does not have.

        Raises:
            ConfigError: If `layer` is not one of 0 ... blocks - 1.
        """
        if not 0 <= layer < self.blocks:
            raise ConfigError(
                f"The {name} is {layer}, but {self.loaded.config.short_name} has blocks 0 to "
                f"{self.blocks - 1}: choose one of them."
            )

    @contextmanager
    def _door(self, adapter: Which, is_differentiable: bool = False) -> Iterator[None]:
        """One caller at a time, with the adapter as asked and no graph unless one is wanted."""
        with (
            self.loaded.using(adapter),
            nullcontext() if is_differentiable else torch.no_grad(),
        ):
            yield

    def start(
        self,
        tokens: list[int],
        after: int,
        adapter: Which = True,
        prompt_length: int | None = None,
    ) -> Start:
        """Run a prompt unsteered up to the output of block `after`, once for all rows.

        Args:
            tokens: The prompt, and an answer where one is given.
            after: Last block that is run.
            adapter: The weights that answer.
            prompt_length: Tokens without the answer; None is all.
        """
        ids = on_device([tokens], self.loaded.device)
        with self._door(adapter):
            if self._runner is None:
                # The generic way begins at the tokens, so there is no state worth keeping.
                hidden = torch.zeros(1, len(tokens), 0)
            else:
                hidden = self._runner.embed(ids)
                hidden = self._runner.span(hidden, -1, after, untouched)
        return Start(tokens, after, hidden, adapter, prompt_length or len(tokens))

    def capture(
        self, tokens: list[int], sites: Sequence[Site], adapter: Which = True
    ) -> dict[Site, Float[Tensor, "tokens hidden"]]:
        """Unsteered residual stream at the given sites, float32 on the CPU."""
        wanted = {site.block - (site.kind == "block_in"): site for site in sites}
        if any(site.kind == "mlp_out" for site in sites):
            raise ConfigError("An MLP's own output is not captured: choose the block's output.")
        found: dict[Site, Tensor] = {}

        def record(hidden: Tensor, block: int, _first: int) -> Tensor:
            if block in wanted:
                found[wanted[block]] = hidden[0].float().cpu()
            return hidden

        with self._door(adapter):
            self._span(on_device([tokens], self.loaded.device), max(wanted), record)
        return found

    def capture_batch(
        self,
        tokens: Sequence[list[int]],
        read: Read,
        to: int,
        adapter: Which = True,
        past: RowCache | None = None,
        keep: RowCache | None = None,
        layout: Layout | None = None,
    ) -> None:
        """Show `read` the unsteered output of every block up to `to`, for rows of one length.

        Blocks run by hand skip the positions in `past` and fill `keep`; through hooks all
        positions are run and both stay empty.

        Args:
            tokens: Whole rows, also the positions that `past` holds.
            read: Shown each output as it is made.
            to: Last block to run.
            adapter: Whether the adapter, if there is one, is on; of several its name.
            past: Keys and values of the first positions, of each row or of one that all share.
            keep: Filled with the keys and values of all positions.
            layout: Of the positions after `past`; only where blocks are run by hand.
        """

        def show(hidden: Tensor, block: int, first: int) -> Tensor:
            if block >= 0:
                read(hidden, block, first)
            return hidden

        ids = on_device(list(tokens), self.loaded.device)
        with self._door(adapter):
            if self._runner is not None:
                hidden = self._runner.embed(ids[:, past.length if past else 0 :])
                self._runner.span(hidden, -1, to, show, past, keep, layout=layout)
            else:
                self.hooked.span(ids, to, show)

    def _span(
        self, ids: Int[Tensor, "rows tokens"], to: int, edit: EditAt
    ) -> Float[Tensor, "rows tokens hidden"]:
        if self._runner is None:
            return self.hooked.span(ids, to, edit)
        return self._runner.span(self._runner.embed(ids), -1, to, edit)

    def states(
        self,
        start: Start,
        edits: EditBatch,
        target: int,
        last: int,
        past: RowCache | None = None,
    ) -> Float[Tensor, "rows last hidden"]:
        """Output of block `target` at the last positions, differentiable in the edits' vectors."""
        edit = edit_at(edits, start.prompt_length)
        with self._door(start.adapter, is_differentiable=True):
            if self._runner is None:
                ids = on_device([start.tokens] * edits.rows, self.loaded.device)
                return self.hooked.span(ids, target, edit)[:, -last:]
            hidden = start.hidden[:, past.length if past else 0 :].expand(edits.rows, -1, -1)
            return self._runner.span(hidden, start.after, target, edit, past, last=last)

    def prefill(
        self, start: Start, edits: EditBatch, upto: int, past: RowCache | None = None
    ) -> RowCache:
        """Keys and values of each row's positions before `upto`, for prompts that share them."""
        keep = RowCache()
        first = past.length if past else 0
        if self._runner is None or upto <= first:
            return past if past is not None else keep
        with self._door(start.adapter):
            hidden = start.hidden[:, first:upto].expand(edits.rows, -1, -1)
            edit = edit_at(edits, start.prompt_length)
            self._runner.span(hidden, start.after, self.blocks - 1, edit, past, keep, last=0)
        return keep

    def answers(
        self, start: Start, edits: EditBatch, ids: Sequence[int], past: RowCache | None = None
    ) -> Answers:
        """What each row answers after the prompt, as logits of the answer tokens."""
        edit = edit_at(edits, start.prompt_length)
        with self._door(start.adapter):
            if self._runner is None:
                tokens = on_device([start.tokens] * edits.rows, self.loaded.device)
                logits, chosen = self.hooked.answers(tokens, edit, ids)
            else:
                first = past.length if past else 0
                hidden = start.hidden[:, first:].expand(edits.rows, -1, -1)
                out = self._runner.span(hidden, start.after, self.blocks - 1, edit, past, last=1)
                logits, chosen = self._head.read(out[:, -1], ids)
            # Rounded logits beside exact ones would give more than all of the probability.
            logits[:, list(ids)] = chosen
            mass = (chosen.logsumexp(-1) - logits.logsumexp(-1)).exp()
        return Answers(chosen.cpu(), mass.cpu())

    def given(
        self, start: Start, edits: EditBatch, count: int, past: RowCache | None = None
    ) -> Float[Tensor, "rows count"]:
        """Log-probability that each row gives each of a text's last tokens, in nats.

        Args:
            start: The text; at least one token stands before those that are read.
            edits: One row each.
            count: How many tokens are read.
            past: Keys and values of positions before the one that the first of them is read off.
        """
        wanted, edit = start.tokens[-count:], edit_at(edits, start.prompt_length)
        with self._door(start.adapter):
            if self._runner is None:
                return given_by_hooks(self.hooked, start.tokens, edits, wanted, start.prompt_length)
            hidden = start.hidden[:, past.length if past else 0 : -1].expand(edits.rows, -1, -1)
            out = self._runner.span(hidden, start.after, self.blocks - 1, edit, past, last=count)
            return self._head.given(out, wanted).cpu()

    def shown(
        self,
        start: Start,
        edits: EditBatch,
        before: int,
        show: Show,
        past: RowCache | None = None,
    ) -> None:
        """Show each row's float32 logits before every token that follows the first ones.

        Args:
            start: The text.
            edits: One row each.
            before: Tokens before those that are read, at least one; mostly the prompt's.
            show: Is given the logits of some places at a time, row by row.
            past: Keys and values of positions before the last one of these.
        """
        count = len(start.tokens) - before
        with self._door(start.adapter):
            if self._runner is None:
                length = start.prompt_length
                shown_by_hooks(self.hooked, start.tokens, edits, (length, count), show)
                return
            hidden = start.hidden[:, past.length if past else 0 : -1].expand(edits.rows, -1, -1)
            edit = edit_at(edits, start.prompt_length)
            out = self._runner.span(hidden, start.after, self.blocks - 1, edit, past, last=count)
            self._head.each(out, show)

    def next_logits(
        self, tokens: list[int], edits: EditBatch, adapter: Which = True
    ) -> Float[Tensor, "rows vocab"]:
        """Float32 logits after the prompt for each row, over the whole vocabulary."""
        # Every block sees all rows: products of other shapes differ in the last bit.
        start = self.start(tokens, -1, adapter)
        edit = edit_at(edits, len(tokens))
        with self._door(adapter):
            if self._runner is None:
                ids = on_device([tokens] * edits.rows, self.loaded.device)
                return self.hooked.last_logits(ids, edit).cpu()
            hidden = start.hidden.expand(edits.rows, -1, -1)
            out = self._runner.span(hidden, start.after, self.blocks - 1, edit)
            return self._head.read(out[:, -1])[0].cpu()

    def decoder(
        self, prompts: Sequence[list[int]], edits: EditBatch, adapter: Which = True
    ) -> "Decoder":
        """Generation, or the reading of given texts: one prompt per row, all of one length.

        Raises:
            ConfigError: If the prompts differ in length or in number from the rows.
        """
        if len({len(p) for p in prompts}) != 1 or len(prompts) != edits.rows:
            raise ConfigError("Rows that are generated together need prompts of one length.")
        with self._door(adapter):
            runner = self._runner
        passes = Passes(
            enter=lambda: self._door(adapter),
            runner=runner,
            hooked=self.hooked,
            logits=lambda hidden: self._head.read(hidden)[0],
            device=self.loaded.device,
        )
        return Decoder(passes, prompts, edits)
