"""The only remedies there are: our own tables. Nothing from a log ever becomes a remedy as it is.

Names of modules and tools are looked up here; a requirement that a log states is parsed and used
only if it is a plain one (a name and versions, no URL), as if the project had declared it.
"""

from packaging.requirements import InvalidRequirement, Requirement

from wheelyard.diagnosis.cause import Remedy

CYTHON_BEFORE_3 = Remedy(requirements=("Cython<3",))
NUMPY_BEFORE_2 = Remedy(requirements=("numpy<2",))
NUMPY_BEFORE_1_24 = Remedy(requirements=("numpy<1.24",))
COMMON_VARIABLES = Remedy(environment={"CFLAGS": "-fcommon"})
OLD_CMAKE_FILES = Remedy(environment={"CMAKE_POLICY_VERSION_MINIMUM": "3.5"})
STABLE_INTERFACE = Remedy(environment={"PYO3_USE_ABI3_FORWARD_COMPATIBILITY": "1"})

VERSION = "{version}"
"""Stands for the version that is built in the environment variables of a remedy."""

VERSION_FROM_OUTSIDE = Remedy(
    environment={"SETUPTOOLS_SCM_PRETEND_VERSION": VERSION, "PBR_VERSION": VERSION}
)

PROJECT_OF_MODULE = {
    "Cython": "Cython",
    "apt_pkg": None,
    "attr": "attrs",
    "babel": "Babel",
    "cffi": "cffi",
    "cmake": "cmake",
    "cppy": "cppy",
    "docutils": "docutils",
    "expandvars": "expandvars",
    "extension_helpers": "extension-helpers",
    "fastrlock": "fastrlock",
    "flit_core": "flit-core",
    "future": "future",
    "grpc_tools": "grpcio-tools",
    "hatch_vcs": "hatch-vcs",
    "hatchling": "hatchling",
    "hatch_fancy_pypi_readme": "hatch-fancy-pypi-readme",
    "jinja2": "Jinja2",
    "mako": "Mako",
    "maturin": "maturin",
    "mesonpy": "meson-python",
    "mpi4py": "mpi4py",
    "mypyc": "mypy",
    "nanobind": "nanobind",
    "ninja": "ninja",
    "numpy": "numpy",
    "packaging": "packaging",
    "pbr": "pbr",
    "pdm": "pdm-backend",
    "pdm_backend": "pdm-backend",
    "pip": "pip",
    "pkgconfig": "pkgconfig",
    "ply": "ply",
    "poetry": "poetry-core",
    "psutil": "psutil",
    "py_cpuinfo": "py-cpuinfo",
    "cpuinfo": "py-cpuinfo",
    "pybind11": "pybind11",
    "pycparser": "pycparser",
    "pyqtbuild": "PyQt-builder",
    "pythran": "pythran",
    "requests": "requests",
    "scikit_build_core": "scikit-build-core",
    "scipy": "scipy",
    "semantic_version": "semantic-version",
    "setuptools": "setuptools",
    "setuptools_cpp": "setuptools-cpp",
    "setuptools_git_versioning": "setuptools-git-versioning",
    "setuptools_golang": "setuptools-golang",
    "setuptools_rust": "setuptools-rust",
    "setuptools_scm": "setuptools-scm",
    "sip": "sip",
    "sipbuild": "sip",
    "six": "six",
    "skbuild": "scikit-build",
    "sphinx": "Sphinx",
    "toml": "toml",
    "tomli": "tomli",
    "tomlkit": "tomlkit",
    "tqdm": "tqdm",
    "typing_extensions": "typing-extensions",
    "wheel": "wheel",
    "yaml": "PyYAML",
}
"""The project that brings an importable module; None where no project does."""

PYTHON_TOOLS = {
    "cppy": "cppy",
    "cython": "Cython",
    "f2py": "numpy",
    "nanobind": "nanobind",
    "numpy": "numpy",
    "pybind11": "pybind11",
    "pythran": "pythran",
    "scikit-build": "scikit-build",
    "setuptools": "setuptools",
    "setuptools-scm": "setuptools-scm",
    "setuptools_scm": "setuptools-scm",
    "wheel": "wheel",
}
"""What people and programs call Python projects that builds need, in lower case."""

_CONSTRAINT_OF_SETUPTOOLS_MODULE = {
    "pkg_resources": "setuptools<81",
    "setuptools.command.test": "setuptools<72",
    "setuptools.extern": "setuptools<71",
    "setuptools.py27compat": "setuptools<58",
    "setuptools.py31compat": "setuptools<58",
    "setuptools.lib2to3_ex": "setuptools<58",
    "setuptools.command.bdist_wininst": "setuptools<58",
    "setuptools.command.upload": "setuptools<69",
    "setuptools.command.register": "setuptools<69",
    "setuptools._distutils.msvccompiler": "setuptools<74",
    "distutils.msvccompiler": "setuptools<74",
    "distutils.msvc9compiler": "setuptools<74",
    "distutils._msvccompiler": "setuptools<74",
}


def project_remedy(module: str) -> Remedy | None:
    """Return the build requirement that brings a module, if the table knows one."""
    project = PROJECT_OF_MODULE.get(module.partition(".")[0])
    return Remedy(requirements=(project,)) if project else None


def setuptools_remedy(module: str) -> Remedy | None:
    """Return the constraint with which setuptools still has a module, if it once had it."""
    for known, constraint in _CONSTRAINT_OF_SETUPTOOLS_MODULE.items():
        if module == known or module.startswith(f"{known}."):
            return Remedy(requirements=(constraint,))
    return None


def requirement_remedy(text: str | None) -> Remedy | None:
    """Return a requirement that the project stated, if it is a plain name with versions."""
    try:
        requirement = Requirement(text or "")
    except InvalidRequirement:
        return None
    if requirement.url or requirement.marker or requirement.extras:
        return None
    return Remedy(requirements=(f"{requirement.name}{requirement.specifier}",))
