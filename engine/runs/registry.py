"""Queues again what an interrupted job's record asks for, whatever kind of work it was."""

from typing import Any

from engine.configs import adaptive as adaptive_configs
from engine.configs import studies
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.studies import CorrigibilityConfig
from engine.runs import adaptive, training
from engine.runs.engine import Engine
from engine.runs.job import Job
from engine.runs.studies import corrigibility, deception


def submit_again(engine: Engine, request: dict[str, Any]) -> Job:
    """Queue a request once more; what it had finished is not done again.

    Raises:
        EngineError: If it is of another version, or what it needs is gone.
    """
    if request.get("method") in studies.STUDIES:
        return submit_study(engine, studies.from_json(request["method"], request["config"]))
    if request.get("method") == AdaptiveConfig.method:
        return adaptive.submit_adaptive(engine, adaptive_configs.from_json(request["config"]))
    return training.submit_again(engine, request)


def submit_study(engine: Engine, config: studies.AnyStudy) -> Job:
    """Queue either study.

    Raises:
        EngineError: For what can be known before it runs.
    """
    if isinstance(config, CorrigibilityConfig):
        return corrigibility.submit_corrigibility(engine, config)
    return deception.submit_deception(engine, config)
