"""What the wheel holds beside `pyproject.toml`: the shipped data, as a package without code."""

from setuptools import find_packages, setup

FILES = "vectorscope_files"
"""Stands for the checkout where there is none: `engine.ROOT` of an installed engine."""

setup(
    # Streamlit's pages are scripts: their folder has no `__init__`.
    packages=[*find_packages(include=["engine*", "dashboard*"]), "pages", f"{FILES}.data"],
    package_dir={f"{FILES}.data": "data"},
    package_data={
        "engine": ["py.typed"],
        # Scripts and styles that the pages are drawn with lie beside the code.
        "dashboard": ["py.typed", "**/*.js", "**/*.css", "**/*.html", "**/*.svg", "**/*.json"],
        f"{FILES}.data": ["**/*"],
    },
    exclude_package_data={f"{FILES}.data": ["cache/**", "own/**"]},
)
