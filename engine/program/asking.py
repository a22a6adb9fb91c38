"""What a program asks of an engine: find, evaluate, generate, add, probe, similarity, show.

Each becomes one config, so that what a page or a command has done before is not done again. Work
is done in the calling thread.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.configs import keywords, registry
from engine.configs.chats import Pane, Settings
from engine.configs.core import ModelConfig, RunConfig, VectorRef
from engine.configs.finders import FinderConfig
from engine.configs.grid_columns import columns
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.reads.probes import ProbeConfig
from engine.configs.reads.words import WordsConfig
from engine.configs.sweeps import EvaluateConfig, knowledge_of, usual_scales
from engine.errors import ConfigError
from engine.program import adding
from engine.program.bar import bar_if_seen
from engine.program.chatting import PANES, Chat, ShownConversation
from engine.program.frames import Compared
from engine.program.objects import (
    Shown,
    ShownEvaluation,
    ShownSimilarity,
    ShownStudy,
    ShownTexts,
    ShownVectors,
)
from engine.program.sharing import Sharing
from engine.program.steering import Steering
from engine.program.taking_in import TakingIn
from engine.program.writing import Writing
from engine.questions.own import Kept, keep
from engine.questions.polarity import Polarity
from engine.statistics import similarity
from engine.store.references import loaded, parts_of, reference, with_digests
from engine.store.store import Store

SIDES = ("source_layer", "target_layer")
BESIDE = ("neutral", "written", "knowledge", "effect_controls", "neutral_prompts")
"""Settings of a sweep that matter with side effects only."""
OWN_COLUMN = ("name", "adapter", "blend", "scale", "system")
"""Fields of a column that the grid fills."""

Vectors = Shown | VectorRef | str | Path


class Asking(Steering, TakingIn, Writing, Sharing):
    """The verbs of an engine."""

    store: Store
    run: Callable[..., str]
    default_layers: Callable[[ModelConfig], tuple[int, int]]

    def find(self, method: str | FinderConfig, **settings: Any) -> ShownVectors:
        """Vectors `[vectors, hidden]` by a finder; stored ones if they were found before.

        Args:
            method: Its name, such as "melbo", or a whole config.
            settings: Fields of its config: `vectors=8`, `source_layer=1`; `prompt=` for the one
                prompt; `model=`, `adapter=`, `dtype=`, `device=`. Layers left out are the model's.

        Raises:
            EngineError: For everything the user can mend.
        """
        config = method if isinstance(method, FinderConfig) else self._finder(method, settings)
        if isinstance(method, FinderConfig):
            _refuse_beside_config(settings)
        return ShownVectors(self.store.load_vectors(self._done(config)))

    def _finder(self, method: str, settings: dict[str, Any]) -> FinderConfig:
        known = registry.finders()
        if method not in known:
            raise ConfigError(f"There is no finder {method!r}: use {', '.join(known)}.")
        kind = known[method]
        names = keywords.names_of(kind)
        keywords.refuse_others(kind.title, settings, names)
        fields = {field.name for field in dataclasses.fields(kind)}
        model = keywords.model_of(settings, keywords.usual_model(kind))
        values = {name: value for name, value in settings.items() if name in fields}
        if "prompt" in names:
            values = {name: v for name, v in values.items() if name not in keywords.PROMPTS}
            values["prompts"] = keywords.prompts_of(settings)
        missing = [name for name in SIDES if name in fields and name not in settings]
        if missing:
            usual = dict(zip(SIDES, self.default_layers(model), strict=True))
            values |= {name: usual[name] for name in missing}
        return keywords.config_from(kind, values | {"model": model})

    def evaluate(
        self, vectors: Vectors | Sequence[Vectors] | EvaluateConfig = (), **settings: Any
    ) -> ShownEvaluation:
        """An A/B sweep of vectors over scales, beside random ones.

        Args:
            vectors: What `find` gave, a digest, `digest:index`, a file, or several of them; or a
                whole config.
            settings: Fields of `EvaluateConfig`: `questions=`, `scales=`, `controls=`. The model
                is the vectors' own, without an adapter unless `adapter=` names one.

        Raises:
            EngineError: For everything the user can mend.
        """
        if isinstance(vectors, EvaluateConfig):
            _refuse_beside_config(settings)
            return ShownEvaluation(self.store.load_evaluation(self._done(vectors)))
        keywords.refuse_others("A sweep", settings, keywords.names_of(EvaluateConfig) - {"vectors"})
        refs = self._references(vectors)
        model = keywords.model_of(settings, self._model_of(refs))
        beside = [name for name in BESIDE if name in settings]
        if settings.get("side_effects") and "knowledge" not in settings:
            settings["knowledge"] = knowledge_of(model.model)
        elif beside and not settings.get("side_effects"):
            raise ConfigError(f"{beside[0]} matters for side effects only: add side_effects=True.")
        values = {name: v for name, v in settings.items() if name not in keywords.MODEL}
        values |= {"vectors": refs, "model": model}
        if "scales" not in values:
            is_relative = values.get("scale_unit") == "relative"
            values["scales"] = usual_scales(values.get("operation", "add"), is_relative)
        values = with_digests(self.store, values)
        config = keywords.config_from(EvaluateConfig, values)
        return ShownEvaluation(self.store.load_evaluation(self._done(config)))

    def generate(
        self,
        vectors: Vectors | Sequence[Vectors] | GenerateConfig = (),
        prompts: str | Sequence[str] | Kept | None = None,
        scales: float | int | Iterable[float | int] = (1.0,),
        tuned: bool | None = None,
        rivals: str | Sequence[str] = (),
        **settings: Any,
    ) -> ShownTexts:
        """What the model says: unsteered, and with each vector at each scale.

        Args:
            vectors: As for `evaluate`; or a whole config.
            prompts: One or several; the study's if left out.
            scales: Multiples of the stored vector; 0 is left out, for it is the unsteered model.
            tuned: With an adapter: steer only the fine-tuned (True) or the base model (False).
            rivals: System prompts that rival steering: what the model says when merely asked.
            settings: Fields of `GenerateConfig` and of `Configuration`, such as `temperature=`,
                `samples=`, `operation=`, `layers=`.

        Raises:
            EngineError: For everything the user can mend.
        """
        if isinstance(vectors, GenerateConfig):
            given = {
                name: one
                for name, one in (("prompts", prompts), ("tuned", tuned), ("rivals", rivals))
                if one or one is False
            }
            _refuse_beside_config(settings | given)
            return ShownTexts(self.store.load_generation(self._done(vectors)))
        grid = keywords.names_of(GenerateConfig) - {"configurations", "prompts"}
        column = keywords.names_of(Configuration) - set(OWN_COLUMN)
        keywords.refuse_others("A grid of texts", settings, grid | column)
        refs = self._references(vectors)
        model = keywords.model_of(settings, self._model_of(refs))
        if tuned and model.adapter is None:
            raise ConfigError("tuned=True steers the fine-tuned model: name it with adapter=.")
        shared = {name: value for name, value in settings.items() if name in column}
        shared = with_digests(self.store, shared)
        steered = keywords.config_from(Configuration, {"name": "shared", **shared})
        named = self._parts(refs)
        many = keywords.fit("scales", tuple[float, ...], scales)
        values = {name: v for name, v in settings.items() if name in grid - set(keywords.MODEL)}
        values |= {} if prompts is None else {"prompts": adding.texts_of(prompts)}
        config = keywords.config_from(GenerateConfig, values | {"model": model})
        asked = keywords.fit("rivals", tuple[str, ...], rivals)
        made = columns(steered, named, many, model.tuned, tuned, asked)
        config = dataclasses.replace(config, configurations=made)
        return ShownTexts(self.store.load_generation(self._done(config)))

    def add(
        self,
        data: adding.Data,
        kind: str,
        name: str = "",
        columns: Mapping[str, str] | None = None,
        behaviour: str | None = None,
        polarity: Polarity | None = None,
    ) -> Kept:
        """Own questions, pairs or prompts, kept by their content; stands for its file's path.

        Args:
            data: A file, a folder, OWNER/NAME on the Hugging Face hub, rows, or a frame.
            kind: questions, pairs or prompts.
            name: What it is called; its file's name if left out.
            columns: Part -> column, where names differ: `{"positive": "good"}`.
            behaviour: What the answers show.
            polarity: Which answer shows it, "matching" or "not-matching".

        Raises:
            DataError: If nothing can be made of it.
        """
        stated = {"behaviour": behaviour, "polarity": polarity}
        return keep(self.store.root, adding.understood(data, kind, columns or {}, **stated), name)

    def chat(self, panes: Sequence[Pane] = PANES, **settings: Any) -> Chat:
        """A conversation whose panes answer side by side; `say` on it asks them.

        Args:
            panes: Which models answer, each with its vectors; one unsteered model if left out.
            settings: Fields of `Settings`, such as `system=`, `temperature=`, `seed=`; `model=`,
                `adapter=` and the rest of a model.

        Raises:
            ConfigError: If a setting is not known or cannot work.
        """
        names = keywords.names_of(Settings)
        keywords.refuse_others("A chat", settings, names | set(keywords.MODEL))
        refs = [VectorRef(digest=digest) for pane in panes for digest in pane.digests]
        model = keywords.model_of(settings, self._model_of(refs))
        values = {name: value for name, value in settings.items() if name in names}
        return Chat(self, model, tuple(panes), keywords.config_from(Settings, values))

    def probe(
        self, vectors: Vectors | Sequence[Vectors] | ProbeConfig = (), **settings: Any
    ) -> ShownStudy:
        """How well vectors, and a logistic fit, tell two classes of states apart, beside random.

        Args:
            vectors: As for `evaluate`; or a whole config.
            settings: Fields of `ProbeConfig`: `pairs=`, `classes=`, `blocks=`. The model is the
                vectors' own, without an adapter unless `adapter=` names one.

        Raises:
            EngineError: For everything the user can mend.
        """
        return self._read(ProbeConfig, "A probe", vectors, settings)

    def words(
        self, vectors: Vectors | Sequence[Vectors] | WordsConfig, **settings: Any
    ) -> ShownStudy:
        """The words that vectors promote and suppress, beside the same words at random.

        Args:
            vectors: As for `evaluate`; or a whole config.
            settings: Fields of `WordsConfig`: `count=`, `kept=`, `prompts=`, a file.

        Raises:
            EngineError: For everything the user can mend.
        """
        return self._read(WordsConfig, "Words", vectors, settings)

    def similarity(
        self, first: Vectors, second: Vectors, null: Vectors | None = None
    ) -> ShownSimilarity:
        """How alike two sets are: cosines of all their vectors, and those at the same block.

        Args:
            first: As for `evaluate`, one set.
            second: The other.
            null: A set like the first from shuffled labels, whose cosines are what chance gives.

        Raises:
            EngineError: If there is no such set, or the models differ.
        """
        draws = () if null is None else (self._set(null),)
        pair = self._set(first), self._set(second)
        similarity.check_comparable(*pair, *draws)
        return ShownSimilarity(Compared(*pair, draws))

    def show(self, digest: str | Path) -> Shown:
        """A stored record of any kind.

        Args:
            digest: Or its beginning, or the record's file, which may lie elsewhere.

        Raises:
            StoreError: If no record, or more than one, begins so.
        """
        info = self.store.look_up(digest)
        if info.kind == "vectors":
            return ShownVectors(self.store.load_vectors(Path(info.path)))
        if info.kind == "evaluation":
            return ShownEvaluation(self.store.load_evaluation(Path(info.path)))
        if info.kind == "generation":
            return ShownTexts(self.store.load_generation(Path(info.path)))
        if info.kind == "conversation":
            return ShownConversation(self.store.load_conversation(Path(info.path)))
        return ShownStudy(self.store.load_experiment(Path(info.path)))

    def _read(
        self,
        kind: type[ProbeConfig] | type[WordsConfig],
        what: str,
        vectors: Vectors | Sequence[Vectors] | ProbeConfig | WordsConfig,
        settings: dict[str, Any],
    ) -> ShownStudy:
        """A reading of vectors, from its config or from the keywords for one."""
        if isinstance(vectors, ProbeConfig | WordsConfig):
            _refuse_beside_config(settings)
            return ShownStudy(self.store.load_experiment(self._done(vectors)))
        keywords.refuse_others(what, settings, keywords.names_of(kind) - {"vectors"})
        refs = self._references(vectors)
        model = keywords.model_of(settings, self._model_of(refs))
        values = {name: v for name, v in settings.items() if name not in keywords.MODEL}
        config = keywords.config_from(kind, values | {"vectors": refs, "model": model})
        return ShownStudy(self.store.load_experiment(self._done(config)))

    def _done(self, config: RunConfig) -> str:
        with bar_if_seen() as progress:
            return self.run(config, progress)

    def _references(self, vectors: Vectors | Sequence[Vectors]) -> tuple[VectorRef, ...]:
        if isinstance(vectors, Shown | VectorRef | str | Path):
            return (self._reference(vectors),)
        return tuple(self._reference(one) for one in vectors)

    def _reference(self, one: Vectors) -> VectorRef:
        if isinstance(one, VectorRef):
            return VectorRef(digest=self.store.find(one.digest).digest, indices=one.indices)
        if isinstance(one, ShownVectors):
            return VectorRef(digest=one.record.digest)
        if isinstance(one, str | Path):
            return reference(self.store, str(one))
        raise ConfigError(f"{one!r} holds no vectors: give what find gave, a digest or a file.")

    def _set(self, one: Vectors) -> Any:
        ref = self._reference(one)
        return loaded(self.store, ref, ref.digest)

    def _parts(self, refs: Iterable[VectorRef]) -> dict[str, tuple[BlendPart, ...]]:
        parts: dict[str, BlendPart] = {}
        for ref in refs:
            parts |= parts_of(self.store, ref)
        return {name: (part,) for name, part in parts.items()}

    def _model_of(self, refs: Sequence[VectorRef]) -> ModelConfig:
        """The model in which vectors were found, without its adapter; the demo model without."""
        if not refs:
            return ModelConfig()
        return keywords.model_told(self.store.load_vectors(refs[0].digest).config.get("model"))


def _refuse_beside_config(settings: dict[str, Any]) -> None:
    if settings:
        names = ", ".join(settings)
        raise ConfigError(f"A config says all there is to say: set {names} in it, not beside it.")
