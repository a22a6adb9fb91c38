"""What `pip install .` brings: all code, and the shipped data as files that the engine finds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LISTED = """
import sys
from setuptools import setup
from setuptools.command.build_py import build_py

class Listed(build_py):
    def run(self):
        self.set_undefined_options("build", ("build_lib", "build_lib"))
        print("\\n".join("FILE " + one for one in self.get_outputs(include_bytecode=0)))

import setuptools
plain = setuptools.setup
setuptools.setup = lambda **told: plain(**told, cmdclass={"build_py": Listed})
sys.argv = ["setup.py", "build_py", "--build-lib", "out"]
exec(compile(open("setup.py").read(), "setup.py", "exec"))
"""
"""Names the files that a wheel is made of, and writes none."""


@pytest.fixture(scope="module")
def built() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LISTED], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("FILE ")]
    return {Path(line.removeprefix("FILE ")).relative_to("out").as_posix() for line in lines}


def committed(*folders: str) -> set[str]:
    done = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not done.stdout:
        pytest.skip("this is no checkout, so nothing says which files are the project's")
    return set(done.stdout.splitlines())


def test_all_code_is_in_it(built) -> None:
    assert committed("engine", "dashboard", "pages") - built == set()


def test_all_shipped_data_are_in_it_where_the_engine_looks(built) -> None:
    data = {one for one in committed("data") if not one.startswith("data/screenshots/")}

    assert {f"vectorscope_files/{one}" for one in data} - built == set()


def test_nothing_else_is_in_it(built) -> None:
    rest = {one for one in built if one.endswith((".py", ".typed"))}
    data = {one for one in built if one.startswith("vectorscope_files/data/")}

    assert not [one for one in data if "/cache/" in one or "/own/" in one]
    assert not [one for one in rest if one.startswith("tests/")]
    assert {one.split("/")[0] for one in built} == {
        "engine", "dashboard", "pages", "vectorscope_files",
    }  # fmt: skip
