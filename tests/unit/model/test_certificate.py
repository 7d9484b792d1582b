import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelyard.errors import InvalidPage
from wheelyard.model.certificate import (
    Certificate,
    Check,
    CheckResult,
    certificate_document,
    failed,
    not_applicable,
    parse_certificate,
    passed,
)

CHECKS = st.builds(
    Check,
    name=st.text(),
    result=st.sampled_from(CheckResult),
    message=st.text(),
    evidence=st.lists(st.text()).map(tuple),
)


@given(st.lists(CHECKS).map(tuple))
def test_a_certificate_survives_json(checks: tuple[Check, ...]) -> None:
    certificate = Certificate(checks=checks)
    document = certificate_document(certificate)
    assert parse_certificate(document) == certificate
    assert parse_certificate(json.dumps(document)) == certificate


@given(st.text() | st.dictionaries(st.text(), st.integers() | st.lists(st.text())))
def test_anything_else_is_refused(document: str | dict[str, object]) -> None:
    with pytest.raises(InvalidPage):
        parse_certificate(document)


@pytest.mark.parametrize(
    ("checks", "is_passed"),
    [
        ((), False),
        ((passed("a", ""),), True),
        ((passed("a", ""), not_applicable("b", "")), True),
        ((passed("a", ""), failed("b", "")), False),
    ],
)
def test_a_certificate_passes_if_something_was_checked_and_nothing_failed(
    checks: tuple[Check, ...],
    is_passed: bool,  # noqa: FBT001 - a value of a table
) -> None:
    assert Certificate(checks=checks).is_passed is is_passed


def test_a_check_replaces_the_one_of_its_name() -> None:
    before = Certificate(checks=(not_applicable("import", "?"), passed("record", "")))
    after = before.with_checks(passed("import", "All."))
    assert after.checks == (passed("record", ""), passed("import", "All."))


def test_much_evidence_is_cut_and_counted() -> None:
    check = failed("record", "m" * 900, *(f"line {number} {'x' * 900}" for number in range(50)))
    assert len(check.message) == 500
    assert len(check.evidence) == 20
    assert check.evidence[-1] == "and 31 more"
    assert max(map(len, check.evidence)) == 500
