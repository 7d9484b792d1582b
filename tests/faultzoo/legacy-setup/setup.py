"""A project from before pyproject.toml, which does its work when it is run."""

from setuptools import Extension, setup

setup(
    name="zoo-legacy-setup",
    version="1.0",
    py_modules=["zoo_legacy_setup"],
    ext_modules=[Extension("zoo_legacy_answer", ["zoo_legacy_answer.c"])],
)
