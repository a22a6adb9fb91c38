"""Long work, one piece at a time: a queue, one worker thread, progress and cancelling.

Knows nothing of what the work is, of torch or of screens.
"""

import gc
import queue
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import Cancelled, EngineError
from engine.job import ACTIVE, Job
from engine.job_files import JobFiles
from engine.progress import Progress

Work = Callable[[Progress], str | None]
"""Does the job, calls the progress it is given, returns the digest of the record it led to."""

KEPT = 50
"""How many jobs that have ended are remembered."""
OUT_OF_MEMORY = "Out of memory: try fewer vectors or unload the model."


class JobQueue:
    """All jobs of this process, done in turn by one daemon thread.

    The thread is a daemon because a pool's threads would hold up the end of the process until
    the job is over. Jobs that are handed out are live: they change while they run.
    """

    def __init__(self, records_dir: Path | None) -> None:
        """Take over the records in `records_dir`; None keeps no records.

        Jobs whose process is gone are marked interrupted.
        """
        self._files = JobFiles(records_dir)
        self._jobs = {job.id: job for job in self._files.take_over()}
        self._work: queue.Queue[tuple[Job, Work]] = queue.Queue()
        self._changed = threading.Condition(threading.RLock())
        self._worker: threading.Thread | None = None
        self._prune()

    def submit(
        self,
        title: str,
        kind: str,
        work: Work,
        digest: str | None = None,
        request: dict[str, Any] | None = None,
    ) -> Job:
        """Queue work, or hand back the active job that leads to the same digest.

        Args:
            title: The job in words, as shown on screen.
            kind: Short word for what it does: "find", "evaluate"...
            work: Run in the worker thread.
            digest: Name of the record it leads to; None is never taken for a repetition.
            request: What was asked, as plain JSON, so that it can be asked again.
        """
        with self._changed:
            for job in self._jobs.values():
                if digest is not None and job.digest == digest:
                    if job.active and not job.cancelling:
                        return job
            self._forget(j for j in self.interrupted() if digest is not None and j.digest == digest)
            job = Job(id=_new_id(), title=title, kind=kind, digest=digest, request=request)
            self._jobs[job.id] = job
            self._save(job)
            self._work.put((job, work))
            self._start_worker()
            return job

    def all(self) -> list[Job]:
        """Every job, newest first."""
        with self._changed:
            return sorted(self._jobs.values(), key=lambda job: job.created, reverse=True)

    def active(self) -> list[Job]:
        """Jobs that wait or run, in the order in which they are done."""
        return [job for job in reversed(self.all()) if job.active]

    def interrupted(self) -> list[Job]:
        """Jobs that an earlier process did not finish, newest first."""
        return [job for job in self.all() if job.state == "interrupted"]

    def get(self, job_id: str) -> Job | None:
        """The job of that id, or None if it was forgotten."""
        with self._changed:
            return self._jobs.get(job_id)

    def cancel(self, job_id: str) -> None:
        """Stop a job: at once while it is queued, else at its next report of progress."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or not job.active:
                return
            job.cancel()
            if job.state == "queued":
                self._end(job, "cancelled")

    def wait(self, job: Job, timeout: float | None = None) -> bool:
        """Wait until the job has ended; False if `timeout` seconds pass first."""
        with self._changed:
            return self._changed.wait_for(lambda: not job.active, timeout)

    def clear_finished(self) -> None:
        """Forget every job that is over, interrupted ones included."""
        with self._changed:
            self._forget([job for job in self._jobs.values() if not job.active])

    def forget(self, job_id: str) -> None:
        """Forget one job that is over."""
        with self._changed:
            self._forget([j for j in self._jobs.values() if j.id == job_id and not j.active])
