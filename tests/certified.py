"""Certificates for tests: what the checks say of the small wheels that `make_wheel` writes."""

from collections.abc import Mapping
from pathlib import Path

from packaging.version import Version

from wheels import make_target, make_wheel
from wheelyard.certify.expected import Expected, ReleaseFacts
from wheelyard.certify.inspection import Certified, certify
from wheelyard.certify.libraries import LibraryIndex
from wheelyard.model.certificate import Check
from wheelyard.model.names import parse_project_name, parse_wheel_name


def expect(
    target: str = "bookworm-cp311-x86_64",
    *,
    requires_python: str | None = None,
    relatives: tuple[str, ...] | None = None,
    libraries: Mapping[str, str] | None = None,
    python_exports: frozenset[str] = frozenset(),
    private: tuple[str, ...] = (),
) -> Expected:
    """Return what a wheel of spam 1.0 has to be; `relatives` are filenames."""
    return Expected(
        project=parse_project_name("spam"),
        version=Version("1.0"),
        target=make_target(target),
        release=ReleaseFacts(
            is_known=relatives is not None,
            requires_python=requires_python,
            relatives=tuple(map(parse_wheel_name, relatives or ())),
        ),
        libraries=None if libraries is None else LibraryIndex(packages=libraries, dependencies={}),
        python_exports=python_exports,
        private=private,
    )


def certify_object(
    folder: Path,
    content: bytes,
    *,
    expected: Expected | None = None,
    tag: str | None = None,
    name: str = "spam/_core.so",
) -> Certified:
    """Certify a wheel for its target that holds one object file."""
    expected = expected or expect()
    tag = tag or f"{expected.target.interpreter}-{expected.target.interpreter}-"
    tag = tag if not tag.endswith("-") else f"{tag}{expected.target.native_platform}"
    files = {"spam/__init__.py": b"", name: content}
    return certify(make_wheel(folder, tags=[tag], files=files), expected)


def check_of(certified: Certified, name: str) -> Check:
    """Return one check of a certificate."""
    return next(check for check in certified.certificate.checks if check.name == name)


def said_by(certified: Certified) -> str:
    """Return everything that failed, with its evidence, as one text."""
    failed = certified.certificate.failed
    return "\n".join(line for check in failed for line in (check.name, *check.evidence))
