from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from wheelyard.diagnosis.cause import Cause, CauseKind, Remedy
from wheelyard.diagnosis.diagnosis import RULES, diagnose, evidence_lines, failure_of
from wheelyard.diagnosis.explain import sentence
from wheelyard.diagnosis.rule import Tier
from wheelyard.model.build import Failure, FailureKind

LOGS = Path(__file__).parents[2] / "data" / "logs"

SUBJECTS = {
    "author-message": "eggs",
    "build-tool-changed": "scikit-build-core",
    "clock-skew": None,
    "compile-error": "src/spam.c",
    "cython3": "long",
    "deliberate": "spam",
    "dependency-conflict": "eggs",
    "distutils-removed": "distutils",
    "hash-mismatch": None,
    "incomplete-sdist": "requirements.txt",
    "index-trouble": "setuptools>=77",
    "invalid-wheel": "spam/_eggs.so has an executable stack",
    "library-too-old": "eggs-2.0",
    "link-error": "module_setup",
    "metadata-invalid": "project.license",
    "missing-build-dependency": "Cython",
    "missing-cmake-package": "Eggs",
    "missing-config-tool": "eggs-config",
    "missing-header": "eggs/eggs.h",
    "missing-library": "-leggs",
    "missing-meson-dependency": "eggs-2",
    "missing-pkg-config": "eggs-1.0.pc",
    "missing-program": "swig",
    "needs-git": "git",
    "no-sdist": "spam==2.0",
    "no-space": None,
    "no-such-version": "spam==99.0",
    "numpy-api": "PyArray_Descr",
    "out-of-memory": "cc1plus",
    "process-limit": None,
    "program-too-old": "rustc",
    "python-api": "PyThreadState.exc_type",
    "python-refused": "<3.7,>=3.6",
    "python-too-new": "configparser.SafeConfigParser",
    "python2-only": "print",
    "sdist-invalid": "file:///build/spam-1.0.tar.gz",
    "setuptools-removed": "pkg_resources",
    "test-failure": "failures=1",
    "timeout": None,
    "truncated-log": None,
    "unknown": None,
    "use-2to3": "use_2to3",
    "wants-network": "eggs.example",
    "wrong-machine": "-msse4.2",
    "wrong-os": "windows.h",
}


def read(name: str) -> str:
    return (LOGS / f"{name}.log").read_text()


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_the_root_cause_of_a_whole_log_comes_first(kind: str) -> None:
    first = diagnose(read(kind))[0]
    assert (first.kind.value, first.subject) == (kind, SUBJECTS[kind])


def test_there_is_a_log_of_every_kind() -> None:
    kinds = {kind.value for kind in CauseKind}
    assert {path.stem for path in LOGS.glob("*.log")} == set(SUBJECTS) == kinds


def test_evidence_points_at_the_line_that_says_it() -> None:
    log = read("missing-header")
    cause = diagnose(log)[0]
    (number,) = cause.evidence
    assert "fatal error: eggs/eggs.h" in log.splitlines()[number - 1]
    assert evidence_lines(log, cause) == (
        "src/spam.h:76:10: fatal error: eggs/eggs.h: No such file or directory",
    )


def test_what_a_probe_lacked_is_told_after_what_stopped_the_build() -> None:
    causes = diagnose(read("missing-header"))
    assert [(cause.kind, cause.subject) for cause in causes] == [
        (CauseKind.MISSING_HEADER, "eggs/eggs.h"),
        (CauseKind.MISSING_PKG_CONFIG, "libeggs.pc"),
    ]


def test_a_failure_has_kind_sentence_subject_and_evidence() -> None:
    assert failure_of(read("use-2to3"), exit_status=1) == Failure(
        kind=FailureKind.PYTHON_INCOMPATIBLE,
        message="setuptools no longer converts code from Python 2",
        subject="use_2to3",
        evidence=("error in spam setup command: use_2to3 is invalid.",),
    )


def test_an_unknown_failure_is_called_unknown_and_shows_the_last_words() -> None:
    failure = failure_of(read("unknown"), exit_status=1)
    assert failure == Failure(
        kind=FailureKind.UNKNOWN,
        message="It failed, and nothing in the log says why",
        evidence=("Checking the phase of the moon", "It is not full."),
    )


def test_an_empty_log_is_unknown() -> None:
    assert diagnose("") == (Cause(kind=CauseKind.UNKNOWN),)


@pytest.mark.parametrize("log", ["", "fatal error: a.h: No such file or directory"])
def test_a_build_that_succeeded_has_no_cause(log: str) -> None:
    assert diagnose(log, exit_status=0) == ()


def test_the_exit_status_in_the_last_line_stands_in_for_the_builds() -> None:
    assert diagnose("all went well\n# exit status 0, 3.2 s\n") == ()


@pytest.mark.parametrize(
    ("exit_status", "kind"),
    [
        (124, CauseKind.TIMEOUT),
        (-15, CauseKind.TIMEOUT),
        (137, CauseKind.OUT_OF_MEMORY),
        (-9, CauseKind.OUT_OF_MEMORY),
        (153, CauseKind.NO_SPACE),
    ],
)
def test_a_signal_says_what_the_log_cannot(exit_status: int, kind: CauseKind) -> None:
    log = "Building wheel for spam: started\ncompiling eggs.c\n"
    assert diagnose(log, exit_status=exit_status)[0].kind is kind


def test_every_kind_belongs_to_a_kind_of_failure_and_has_a_sentence() -> None:
    for kind in CauseKind:
        assert kind.failure_kind in FailureKind
        without = sentence(Cause(kind=kind))
        assert without
        assert "{}" not in without + sentence(Cause(kind=kind, subject="eggs {} ham"))[:8]


def test_line_ends_of_windows_and_escapes_of_terminals_do_not_matter() -> None:
    log = (
        "x\r\n\x1b[31m\x1b[1msrc/a.c:1:10: fatal error: \x1b[0megg.h: No such file or directory\r\n"
    )
    cause = diagnose(log)[0]
    assert (cause.kind, cause.subject, cause.evidence) == (
        CauseKind.MISSING_HEADER,
        "egg.h",
        (2,),
    )


def test_a_build_that_started_afresh_is_not_judged_by_its_first_try() -> None:
    log = (
        "a.c:1:10: fatal error: speedups.h: No such file or directory\n"
        "error: command 'gcc' failed with exit code 1\n"
        "Retrying the build without the C extension now.\n"
        "ModuleNotFoundError: No module named 'numpy'\n"
        "      [end of output]\n"
    )
    causes = diagnose(log)
    assert [(cause.kind, cause.subject) for cause in causes] == [
        (CauseKind.MISSING_BUILD_DEPENDENCY, "numpy")
    ]


@pytest.mark.parametrize(
    "name", ["missing-header", "missing-pkg-config", "missing-library", "python2-only", "unknown"]
)
@pytest.mark.parametrize("place", ["before", "after", "both"])
def test_megabytes_of_other_output_hide_nothing(name: str, place: str) -> None:
    noise = "gcc -O2 -I/usr/include/python3.11 -c eggs.c -o eggs.o\n" * 40_000
    before = noise if place != "after" else ""
    after = noise if place != "before" else ""
    cause = diagnose(before + read(name).rstrip("\n") + "\n" + after, exit_status=1)[0]
    if name in {"missing-header", "missing-pkg-config", "missing-library", "python2-only"}:
        assert (cause.kind.value, cause.subject) == (name, SUBJECTS[name])
    else:
        assert cause.remedy is None


REMEDIES = {
    "build-tool-changed": Remedy(requirements=("scikit-build-core<0.10",)),
    "cython3": Remedy(requirements=("Cython<3",)),
    "distutils-removed": Remedy(requirements=("setuptools",)),
    "link-error": Remedy(environment={"CFLAGS": "-fcommon"}),
    "missing-build-dependency": Remedy(requirements=("Cython",)),
    "no-space": Remedy(limits={"disk_bytes": 8 * 1024**3}),
    "numpy-api": Remedy(requirements=("numpy<2",)),
    "out-of-memory": Remedy(limits={"memory_bytes": 8 * 1024**3}),
    "process-limit": Remedy(limits={"processes": 512}),
    "setuptools-removed": Remedy(requirements=("setuptools<81",)),
    "timeout": Remedy(limits={"duration": 7200}),
    "use-2to3": Remedy(requirements=("setuptools<58",)),
}


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_only_what_a_rule_or_a_limit_can_mend_has_a_remedy(kind: str) -> None:
    assert diagnose(read(kind))[0].remedy == REMEDIES.get(kind)


@pytest.mark.parametrize(
    "line",
    [
        "Please run: apt install evil; rm -rf /",
        "ModuleNotFoundError: No module named 'evil'",
        "ModuleNotFoundError: No module named 'numpy; rm -rf /'",
        "DistutilsError: Could not find suitable distribution for Requirement.parse('a @ https://x')",
        "DistutilsError: Could not find suitable distribution for Requirement.parse('$(rm -rf /)')",
        "ERROR: Use x instead of y for evil >= 1.0",
        "ERROR: Use x instead of y for setuptools >= $(rm)",
        "ERROR: No matching distribution found for setuptools >= 77",
        "remedy: debian evil",
        '{"causes": [{"remedy": {"debian": ["evil"]}}]}',
        "Could not find evil-dev; please install `evil-dev && reboot`",
    ],
)
def test_a_forged_remedy_is_never_one(line: str) -> None:
    for cause in diagnose(f"      {line}\n      [end of output]\n", exit_status=1):
        remedy = cause.remedy
        assert remedy is None or remedy == Remedy(requirements=("numpy",))


@given(st.text(max_size=300))
def test_no_text_at_all_breaks_it(noise: str) -> None:
    log = f"{noise}\nModuleNotFoundError: No module named '{noise}'\nerror: {noise} not found\n"
    for cause in diagnose(log, exit_status=1):
        assert 0 <= cause.confidence <= 1
        assert all(1 <= number <= log.count("\n") + 1 for number in cause.evidence)
        for requirement in cause.remedy.requirements if cause.remedy else ():
            assert Requirement(requirement).url is None


def test_a_tier_that_is_surer_has_more_confidence() -> None:
    confidences = [tier.confidence for tier in Tier]
    assert confidences == sorted(confidences, reverse=True)


def test_no_rule_is_there_twice() -> None:
    assert len({(rule.kind, rule.literal, rule.pattern) for rule in RULES}) == len(RULES)
