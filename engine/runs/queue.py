"""Long work, one piece at a time: a queue, one worker thread, progress and cancelling.

Knows nothing of what the work is, of torch or of screens.
"""

import json
import os
import queue
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from engine.errors import Cancelled, EngineError, StoreError
from engine.model import collection
from engine.progress import Progress
from engine.records import strict
from engine.runs.job import Job, State
from engine.store.files import UNREADABLE, write_atomically

Work = Callable[[Progress], str | None]
"""Does the job, calls the progress it is given, returns the digest of the record it led to."""

KEPT = 50
"""Jobs remembered after they ended."""
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
            same = [j for j in self._jobs.values() if digest is not None and j.digest == digest]
            for job in same:
                if job.active and not job.cancelling:
                    return job
            self._forget([job for job in same if job.state == "interrupted"])
            job = Job(id=uuid.uuid4().hex[:12], title=title, kind=kind, digest=digest)
            job.request, job.on_cancel = request, self._stop_waiting
            self._jobs[job.id] = job
            self._files.save(job)
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
        job = self.get(job_id)
        if job is not None and job.active:
            job.cancel()

    def wait(self, job: Job, timeout: float | None = None) -> bool:
        """Wait until the job has ended; False if `timeout` seconds pass first."""
        with self._changed:
            return self._changed.wait_for(lambda: not job.active, timeout)

    def forget(self, job_id: str) -> None:
        """Forget one job that is over."""
        with self._changed:
            self._forget([j for j in self._jobs.values() if j.id == job_id and not j.active])

    def _start_worker(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._serve, name="jobs", daemon=True)
            self._worker.start()

    def _serve(self) -> None:
        while True:
            # Nothing here may hold on to the work: it can keep a model in memory.
            self._run(*self._work.get())

    def _run(self, job: Job, work: Work) -> None:
        if not self._start(job):
            return
        state: State = "failed"
        try:
            job.result = work(job.report)
            state = "done"
        except Cancelled:
            state = "cancelled"
        except EngineError as error:
            job.error = str(error)
        # Even `sys.exit` in some library must not end the only worker.
        except BaseException as error:  # noqa: BLE001
            job.error = sentence(error)
            job.traceback = traceback.format_exc()
        if state != "done":
            # Frames that were left in the middle refer to tensors until the collector has been.
            collection.collect()
        self._end(job, state)

    def _start(self, job: Job) -> bool:
        with self._changed:
            if job.state != "queued":
                return False
            job.started = time.time()
            job.state = "running"
            self._files.save(job)
            self._changed.notify_all()
            return True

    def _end(self, job: Job, state: State) -> None:
        with self._changed:
            job.ended = time.time()
            job.state = state
            self._files.save(job)
            self._prune()
            self._changed.notify_all()

    def _stop_waiting(self, job: Job) -> None:
        with self._changed:
            if job.state == "queued":
                self._end(job, "cancelled")

    def _prune(self) -> None:
        over = [job for job in self.all() if not job.active]
        self._forget(over[KEPT:])

    def _forget(self, jobs: list[Job]) -> None:
        for job in jobs:
            del self._jobs[job.id]
            self._files.remove(job)


class JobFiles:
    """Records of jobs, so that a later process knows which ones were not finished."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def save(self, job: Job) -> None:
        """Write the job as it is now; a full disk is noted in its log and stops nothing."""
        if self._folder is None:
            return
        owner = {"pid": os.getpid(), "process_started": psutil.Process().create_time()}
        data = strict.dumps(job.as_record() | owner, indent=1).encode()
        try:
            write_atomically(self._folder / f"{job.id}.json", data)
        except StoreError as error:
            job.note(str(error))

    def remove(self, job: Job) -> None:
        if self._folder is not None:
            (self._folder / f"{job.id}.json").unlink(missing_ok=True)

    def take_over(self) -> list[Job]:
        """The jobs of processes that are gone; those they left undone become interrupted.

        Running jobs of other living processes are theirs and left out.
        """
        jobs = []
        for path in [] if self._folder is None else sorted(self._folder.glob("*.json")):
            try:
                record = json.loads(path.read_text(encoding="utf-8"))
                job = Job.from_record(record)
            except UNREADABLE:
                path.unlink(missing_ok=True)
                continue
            if job.active and _lives_elsewhere(record):
                continue
            if job.active:
                job.error = "The process ended before the job did."
                job.ended = path.stat().st_mtime
                job.state = "interrupted"
                self.save(job)
            jobs.append(job)
        return jobs


def _lives_elsewhere(record: dict[str, Any]) -> bool:
    """Whether the process that wrote the record still runs and is not this one."""
    pid, started = record.get("pid"), record.get("process_started", 0.0)
    if pid is None or pid == os.getpid():
        return False
    try:
        # Process ids are used again, so the moment of its start has to fit, too.
        return abs(psutil.Process(pid).create_time() - started) < 1.0
    except psutil.Error:
        return False


def sentence(error: BaseException) -> str:
    """An unforeseen error in one line."""
    # By name: importing torch here would take seconds and its own memory.
    if any(kind.__name__ in ("OutOfMemoryError", "MemoryError") for kind in type(error).__mro__):
        return OUT_OF_MEMORY
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
