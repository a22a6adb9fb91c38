"""Queues again what an interrupted job's record asks for, whatever kind of work it was."""

from typing import Any

from engine import deception, experiments, screen_configs, screening, studies, training_jobs
from engine.engine import Engine
from engine.job import Job
from engine.screen_configs import ScreenConfig
from engine.studies import CorrigibilityConfig


def submit_again(engine: Engine, request: dict[str, Any]) -> Job:
    """Queue a request once more; what it had finished is not done again.

    Raises:
        EngineError: If it is of another version, or what it needs is gone.
    """
    if request.get("method") in studies.STUDIES:
        return submit_study(engine, studies.from_json(request["method"], request["config"]))
    if request.get("method") == ScreenConfig.method:
        return screening.submit_screening(engine, screen_configs.from_json(request["config"]))
    return training_jobs.submit_again(engine, request)


def submit_study(engine: Engine, config: studies.AnyStudy) -> Job:
    """Queue either study.

    Raises:
        EngineError: For what can be known before it runs.
    """
    if isinstance(config, CorrigibilityConfig):
        return experiments.submit_corrigibility(engine, config)
    return deception.submit_deception(engine, config)
