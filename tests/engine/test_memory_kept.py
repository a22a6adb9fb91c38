"""Freed memory is kept for the next pass, also on a worker's thread."""

import resource
import subprocess
import sys

import pytest

from engine.model import memory

WORK = """
import resource, threading, torch
from engine.model import memory
assert memory.keep_freed()
torch.set_num_threads(1)
faults = []

def work():
    for _ in range(48):
        torch.ones(20_000_000)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)

worker = threading.Thread(target=work)
worker.start()
worker.join()
# Aligned blocks take some rounds, mostly 8, until each finds a hole of its size.
print(faults[-1] - faults[-5])
"""


@pytest.mark.skipif(memory._glibc() is None, reason="this C library has no such settings")
def test_a_worker_that_frees_large_blocks_gets_the_same_pages_again() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)

    pages = 20_000_000 * 4 // resource.getpagesize()
    assert int(done.stdout) < 2 * pages, "four blocks were mapped anew"


def test_another_c_library_is_left_alone(monkeypatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)

    assert memory.keep_freed.__wrapped__() is False
    memory.give_back()
