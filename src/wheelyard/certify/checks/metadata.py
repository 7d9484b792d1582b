"""WHEEL, METADATA and RECORD against the filename, the release and the archive."""

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wheelyard.certify.contents import Contents
from wheelyard.certify.dist_info import metadata_problems, requires_python_of, wheel_problems
from wheelyard.certify.expected import Expected
from wheelyard.model.certificate import Check, failed, not_applicable, passed


def wheel_file(contents: Contents, expected: Expected) -> Check:  # noqa: ARG001 - as all checks
    """WHEEL agrees with the filename."""
    problems = list(wheel_problems(contents.wheel_file, contents.wheel))
    if problems:
        return failed("wheel-file", "WHEEL contradicts the filename, or its format.", *problems)
    return passed("wheel-file", "WHEEL says what the filename says.")


def metadata(contents: Contents, expected: Expected) -> Check:
    """METADATA is that of the release."""
    problems = list(
        metadata_problems(contents.metadata, project=expected.project, version=expected.version)
    )
    if problems:
        return failed("metadata", "METADATA is not that of the release.", *problems)
    return passed("metadata", f"METADATA is that of {expected.project} {expected.version}.")


def requires_python(contents: Contents, expected: Expected) -> Check:
    """Requires-Python is what upstream tells of the release."""
    name = "requires-python"
    stated = requires_python_of(contents.metadata)
    told = expected.release.requires_python
    if told is None:
        message = "Upstream tells no Requires-Python of the release."
        return not_applicable(name, message, *([f"METADATA: {stated}"] if stated else []))
    evidence = f"Requires-Python in METADATA: {stated or 'none'}, upstream: {told}"
    if stated is None or not _is_same(stated, told):
        return failed(name, "METADATA has another Requires-Python than upstream.", evidence)
    return passed(name, "METADATA has the Requires-Python that upstream tells.", evidence)


def record(contents: Contents, expected: Expected) -> Check:  # noqa: ARG001 - as all checks
    """RECORD lists the files of the archive with their hashes."""
    if contents.record_problems:
        return failed("record", "RECORD is not true of the archive.", *contents.record_problems)
    return passed("record", f"RECORD is true of {len(contents.files)} files.")


def _is_same(one: str, other: str) -> bool:
    try:
        return SpecifierSet(one) == SpecifierSet(other)
    except InvalidSpecifier:
        return one.strip() == other.strip()
