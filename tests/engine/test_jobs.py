"""Jobs: done in turn, seen from any thread, stopped when asked, remembered by the next process."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from engine.errors import ConfigError
from engine.runs.job import POINTS, Job
from engine.runs.queue import KEPT, OUT_OF_MEMORY, JobQueue

ROOT = Path(__file__).resolve().parents[2]
SOON = 10.0


class Gate:
    """Work that reports once, then waits until it is let go or cancelled."""

    def __init__(self, result: str | None = None) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.result = result

    def __call__(self, progress) -> str | None:
        progress(1, 4, "begun")
        self.entered.set()
        while not self.go_on.wait(0.005):
            progress(2, 4, "waiting")
        return self.result


@pytest.fixture
def jobs() -> JobQueue:
    return JobQueue(None)


@pytest.fixture
def gate():
    gate = Gate("abc")
    yield gate
    gate.go_on.set()


def start(jobs: JobQueue, gate: Gate, **more) -> Job:
    job = jobs.submit("Find", "find", gate, **more)
    assert gate.entered.wait(SOON)
    return job


def test_a_job_reports_and_ends_with_its_result(jobs) -> None:
    def work(progress) -> str:
        for step in range(3):
            progress(step + 1, 3, f"step {step}", loss=float(step))
        return "abc"

    job = jobs.submit("Find", "find", work, digest="abc")

    assert jobs.wait(job, SOON)
    assert (job.state, job.result, job.error, job.active) == ("done", "abc", None, False)
    assert (job.done, job.total, job.fraction, job.eta_seconds) == (3, 3, 1.0, None)
    assert job.metrics == {"loss": [0.0, 1.0, 2.0]}
    assert job.log == ["step 0", "step 1", "step 2"]
    assert job.created <= job.started <= job.ended
    assert jobs.get(job.id) is job
    assert jobs.all() == [job]


def test_jobs_are_done_one_at_a_time_in_turn(jobs) -> None:
    running, seen, order = [], [], []

    def work_named(name: str):
        def work(progress) -> None:
            running.append(name)
            time.sleep(0.01)
            seen.append(list(running))
            running.remove(name)
            order.append(name)

        return work

    submitted = [jobs.submit(name, "find", work_named(name)) for name in "abc"]

    assert all(jobs.wait(job, SOON) for job in submitted)
    assert seen == [["a"], ["b"], ["c"]]
    assert order == ["a", "b", "c"]


def test_cancelling_stops_a_running_job_at_its_next_report(jobs, gate) -> None:
    job = start(jobs, gate)

    jobs.cancel(job.id)

    assert jobs.wait(job, SOON)
    assert (job.state, job.result, job.error, job.traceback) == ("cancelled", None, None, None)


def test_a_job_that_is_stopping_says_so(jobs) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def deaf(progress) -> None:
        entered.set()
        go_on.wait(SOON)
        progress(1, 1)

    job = jobs.submit("Find", "find", deaf)
    entered.wait(SOON)
    assert not job.cancelling

    job.cancel()

    assert (job.state, job.cancelling) == ("running", True)
    go_on.set()
    assert jobs.wait(job, SOON)
    assert (job.state, job.cancelling) == ("cancelled", False)


@pytest.mark.parametrize("through", ["queue", "job"])
def test_cancelling_a_queued_job_ends_it_at_once_and_it_never_runs(jobs, gate, through) -> None:
    ran = []
    first = start(jobs, gate)
    second = jobs.submit("Next", "find", lambda progress: ran.append(1))
    assert jobs.active() == [first, second]

    jobs.cancel(second.id) if through == "queue" else second.cancel()

    assert second.state == "cancelled"
    assert second.seconds == 0.0
    gate.go_on.set()
    last = jobs.submit("Last", "find", lambda progress: None)
    assert jobs.wait(last, SOON)
    assert ran == []


def test_an_unforeseen_failure_keeps_its_traceback_and_the_worker_goes_on(jobs) -> None:
    def broken_work(progress) -> None:
        raise ValueError("no such thing\nwith details")

    failed = jobs.submit("Find", "find", broken_work)
    fine = jobs.submit("Find", "find", lambda progress: "abc")

    assert jobs.wait(failed, SOON)
    assert (failed.state, failed.error) == ("failed", "ValueError: no such thing")
    assert "in broken_work" in failed.traceback
    assert jobs.wait(fine, SOON)
    assert fine.state == "done"


def test_an_engine_error_is_one_sentence_without_a_traceback(jobs) -> None:
    def work(progress) -> None:
        raise ConfigError("Layer 41 does not exist.")

    job = jobs.submit("Find", "find", work)

    assert jobs.wait(job, SOON)
    assert (job.state, job.error, job.traceback) == ("failed", "Layer 41 does not exist.", None)


def test_an_exit_inside_the_work_does_not_end_the_worker(jobs) -> None:
    failed = jobs.submit("Find", "find", lambda progress: sys.exit(3))
    fine = jobs.submit("Find", "find", lambda progress: None)

    assert jobs.wait(fine, SOON)
    assert (failed.state, failed.error) == ("failed", "SystemExit: 3")


def test_running_out_of_memory_says_what_to_do(jobs) -> None:
    class OutOfMemoryError(RuntimeError):
        """Named as torch's."""

    def work(progress) -> None:
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    job = jobs.submit("Find", "find", work)

    assert jobs.wait(job, SOON)
    assert job.error == OUT_OF_MEMORY
    assert "20.00 GiB" in job.traceback


def test_the_same_digest_is_submitted_once_while_it_is_active(jobs, gate) -> None:
    first = start(jobs, gate, digest="abc")

    again = jobs.submit("Find", "find", gate, digest="abc")
    other = jobs.submit("Find", "find", gate, digest="abd")
    nameless = [jobs.submit("Load", "load", gate) for _ in range(2)]

    assert again is first
    assert len({first.id, other.id, *(job.id for job in nameless)}) == 4
    gate.go_on.set()
    assert jobs.wait(nameless[1], SOON)
    assert jobs.submit("Find", "find", gate, digest="abc") is not first


def test_a_digest_that_is_being_cancelled_can_be_asked_for_again(jobs, gate) -> None:
    go_on = threading.Event()
    first = jobs.submit("Find", "find", lambda progress: go_on.wait(SOON) and None, digest="abc")
    first.cancel()

    second = jobs.submit("Find", "find", lambda progress: "abc", digest="abc")

    assert second is not first
    go_on.set()
    assert jobs.wait(second, SOON)
    assert second.state == "done"


def test_two_hundred_threads_submitting_one_digest_start_one_job(jobs, gate) -> None:
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(jobs.submit("F", "find", gate, digest="abc")))
        for _ in range(200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({job.id for job in got}) == 1


def test_waiting_gives_up_after_the_timeout(jobs, gate) -> None:
    job = start(jobs, gate)

    assert not jobs.wait(job, 0.01)
    assert job.active


def test_curves_stay_short_and_evenly_spaced() -> None:
    job = Job(id="a", title="Find", kind="find")

    for step in range(10 * POINTS):
        job.report(step, 10 * POINTS, loss=float(step))

    points = job.metrics["loss"]
    assert POINTS / 2 <= len(points) <= POINTS
    assert len({after - before for before, after in zip(points, points[1:], strict=False)}) == 1
    assert points[0] == 0.0


def test_what_a_reader_was_given_does_not_change(jobs, gate) -> None:
    job = start(jobs, gate)
    job.report(1, 4, "one", loss=1.0)
    metrics, log = job.metrics, job.log

    job.report(2, 4, "two", loss=2.0)

    assert metrics == {"loss": [1.0]}
    assert "two" not in log


def test_the_remaining_time_follows_the_recent_rate(monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    job = Job(id="a", title="Find", kind="find", state="running")
    job.report(0, 100)
    assert job.eta_seconds is None

    for done in range(1, 51):
        # Fast at first, as when finished units are read back; then 2 s each.
        clock[0] += 0.01 if done <= 20 else 2.0
        job.report(done, 100)

    assert job.fraction == 0.5
    assert job.eta_seconds == pytest.approx(100.0)
    clock[0] += 1.0
    assert job.eta_seconds == pytest.approx(99.0)
    job.report(0, 10, "another phase")
    assert job.eta_seconds is None


def test_a_finished_job_is_forgotten_and_an_active_one_stays(jobs, gate) -> None:
    over = jobs.submit("Over", "find", lambda progress: None)
    assert jobs.wait(over, SOON)
    running = start(jobs, gate)

    jobs.forget(over.id)
    jobs.forget(running.id)

    assert jobs.all() == [running]
    assert jobs.get(over.id) is None


def test_only_the_last_jobs_are_kept(tmp_path) -> None:
    jobs = JobQueue(tmp_path)

    submitted = [jobs.submit(str(i), "find", lambda progress: None) for i in range(KEPT + 5)]

    assert jobs.wait(submitted[-1], SOON)
    assert {job.title for job in jobs.all()} == {str(i) for i in range(5, KEPT + 5)}
    assert len(list(tmp_path.glob("*.json"))) == KEPT


def test_records_on_disk_follow_the_state(tmp_path, gate) -> None:
    jobs = JobQueue(tmp_path / "jobs")
    job = start(jobs, gate, digest="abc", request={"method": "melbo"})
    path = tmp_path / "jobs" / f"{job.id}.json"
    assert json.loads(path.read_text())["state"] == "running"

    gate.go_on.set()
    assert jobs.wait(job, SOON)

    record = json.loads(path.read_text())
    assert (record["state"], record["result"]) == ("done", "abc")
    assert record["request"] == {"method": "melbo"}
    reopened = JobQueue(tmp_path / "jobs").get(job.id)
    assert reopened.as_record() == job.as_record()


def leave_behind(folder: Path, state: str, **more) -> str:
    job = Job(id=f"left-{state}", title="Find", kind="find", digest="abc", request={"a": 1})
    folder.mkdir(exist_ok=True)
    (folder / f"{job.id}.json").write_text(json.dumps(job.as_record() | {"state": state} | more))
    return job.id


def test_jobs_of_a_dead_process_are_interrupted_and_offered_again(tmp_path) -> None:
    dead = {"pid": os.getppid(), "process_started": 1.0}
    for state in ("queued", "running", "done"):
        leave_behind(tmp_path, state, **dead)

    jobs = JobQueue(tmp_path)

    assert {job.id for job in jobs.interrupted()} == {"left-queued", "left-running"}
    assert jobs.interrupted()[0].request == {"a": 1}
    assert jobs.active() == []
    assert json.loads((tmp_path / "left-running.json").read_text())["state"] == "interrupted"
    again = jobs.submit("Find", "find", lambda progress: "abc", digest="abc")
    assert jobs.wait(again, SOON)
    assert jobs.interrupted() == []
    assert not (tmp_path / "left-running.json").exists()


def test_jobs_of_another_living_process_are_left_alone(tmp_path) -> None:
    parent = psutil.Process(os.getppid())
    leave_behind(tmp_path, "running", pid=parent.pid, process_started=parent.create_time())

    jobs = JobQueue(tmp_path)

    assert jobs.all() == []
    assert json.loads((tmp_path / "left-running.json").read_text())["state"] == "running"


def test_damaged_job_records_are_dropped(tmp_path) -> None:
    (tmp_path / "a.json").write_text('{"id": ')
    (tmp_path / "b.json").write_text("[]")

    assert JobQueue(tmp_path).all() == []
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_stop_the_work(tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("where the folder should be")
    jobs = JobQueue(blocked / "jobs")

    job = jobs.submit("Find", "find", lambda progress: "abc")

    assert jobs.wait(job, SOON)
    assert job.state == "done"
    assert "could not be written" in job.log[0]


SCRIPT = """
import sys, time
from pathlib import Path
from engine.runs.queue import JobQueue
jobs = JobQueue(Path(sys.argv[1]))
def work(progress):
    progress(1, 100, "sleeping")
    time.sleep(60)
job = jobs.submit("Find", "find", work, digest="abc", request={"a": 1})
while job.done == 0:
    time.sleep(0.01)
print("leaving")
"""


def test_the_process_ends_promptly_while_a_job_runs_and_the_next_one_knows(tmp_path) -> None:
    begun = time.perf_counter()

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (done.returncode, done.stdout) == (0, "leaving\n"), done.stderr
    assert time.perf_counter() - begun < 5
    (job,) = JobQueue(tmp_path).interrupted()
    assert (job.digest, job.request) == ("abc", {"a": 1})
    assert job.error == "The process ended before the job did."
