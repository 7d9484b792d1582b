"""Compilers and swig: headers, files, and errors in the code itself."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.known_names import (
    FOREIGN_FRAMEWORKS,
    FOREIGN_HEADERS,
    HEADERS_OF_MODULES,
    INTRINSIC_HEADERS,
    PYTHON2_HEADERS,
    REMOVED_PYTHON_HEADERS,
)
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import NUMPY_BEFORE_2, project_remedy
from wheelyard.diagnosis.rule import (
    Finding,
    Rule,
    Tier,
    is_followed_by_stop,
    own_path,
    unless_it_went_on,
)

_PROBE = re.compile(
    r"\btmp/tmp|conftest|_configtest|CMakeTmp|CMakeScratch|TryCompile|meson-private|testfile\.c"
    r"|sanitycheck|feature_test|have_\w{1,40}\.c",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"\.(?:c|cc|cpp|cxx|pyx|f|f90|F90|m|mm|s|S|i|cu)$")
_PYTHON_NAME = re.compile(r"'?\b(_?Py[A-Z_]\w{1,60}|_Py_\w{1,60})")
_PYTHON2_NAME = re.compile(
    r"'(?:struct )?(Py(?:String|Int|CObject|Class|Instance|File)_\w{1,60}|Py_InitModule\w{0,3}"
    r"|Py_FindMethod\w{0,8}|cmpfunc|coercion|intargfunc|PyNumberMethods' has no member named 'nb_"
    r"(?:divide|coerce|long|hex|oct|nonzero))"
)
_PYTHON_STRUCT = re.compile(
    r"'(?:struct )?_?(PyThreadState|PyFrameObject|PyCodeObject|PyLongObject|PyTypeObject"
    r"|PyUnicodeObject|PyInterpreterState|PyASCIIObject|_ts|_frame|_is|_typeobject)\b"
)
_IS_GONE = re.compile(
    r"undeclared|implicit declaration|not declared in|no member named|unknown type name"
    r"|too (?:few|many) arguments|incomplete type|does not name a type|no matching function"
)
_ASSIGNED = re.compile(r"\b(Py_(?:TYPE|SIZE|REFCNT))\(")
_MEMBER = re.compile(r"no member named '(\w{1,60})'")
_OF_THE_SYSTEM = "/usr/"
_NEAR = 8
_USER = re.compile(
    r"((?!\S*(?:site-packages|\.eggs)/)[^\s:]{1,300}):"
    r"(?:\d+:\d+: note: in expansion of macro| In (?:\w{1,20} )?function )"
)
"""The compiler names the file whose code ended in the header."""
_NUMPY_NAME = re.compile(r"'(NPY_\w{1,60}|npy_\w{1,60}|PyArray_?\w{1,60}|PyUFunc\w{1,60})'")


def _header(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell what a header's absence means."""
    header = finding.subject or ""
    name = header.rpartition("/")[2]
    top = header.partition("/")[0]
    if _SOURCE.search(header) and "#include" not in finding.text:
        yield finding.but(kind=CauseKind.INCOMPLETE_SDIST)
    elif header in FOREIGN_HEADERS or header.lower() == "windows.h" or top in FOREIGN_FRAMEWORKS:
        yield finding.but(kind=CauseKind.WRONG_OS)
    elif name in INTRINSIC_HEADERS:
        yield finding.but(kind=CauseKind.WRONG_MACHINE)
    elif header in REMOVED_PYTHON_HEADERS or name.startswith("pycore_"):
        yield finding.but(kind=CauseKind.PYTHON_API)
    elif header in PYTHON2_HEADERS:
        yield finding.but(kind=CauseKind.PYTHON2_ONLY)
    elif top in HEADERS_OF_MODULES:
        yield finding.but(
            kind=CauseKind.MISSING_BUILD_DEPENDENCY, subject=top, remedy=project_remedy(top)
        )
    elif _PROBE.search(finding.text):
        stopped = is_followed_by_stop(finding, log)
        yield finding.but(tier=Tier.LIKELY if stopped else Tier.HINT)
    else:
        yield from unless_it_went_on(finding, log)


def _code_error(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell errors in the code from interfaces that CPython or NumPy no longer has."""
    text = finding.text
    if _PROBE.search(text):
        yield finding.but(tier=Tier.HINT)
        return
    # Only the message counts: the name of the file says nothing about the error.
    message = re.split(r"\berror:", text, maxsplit=1, flags=re.IGNORECASE)[-1]
    if "lvalue required" in message:
        message = " ".join(log.text(place) for place in log.after(finding.place, 2))
        name = _ASSIGNED.search(message)
        yield finding.but(
            kind=CauseKind.PYTHON_API if name else None,
            subject=name[1] if name else own_path(finding.subject),
            tier=Tier.FATAL if name else Tier.LIKELY,
        )
    elif not _IS_GONE.search(message):
        yield _in_the_code(finding, log)
    elif name := _PYTHON2_NAME.search(message):
        yield finding.but(
            kind=CauseKind.PYTHON2_ONLY, subject=name[1].partition("'")[0], tier=Tier.FATAL
        )
    elif name := _NUMPY_NAME.search(message):
        yield finding.but(
            kind=CauseKind.NUMPY_API, subject=name[1], tier=Tier.FATAL, remedy=NUMPY_BEFORE_2
        )
    elif name := _PYTHON_STRUCT.search(message) or _PYTHON_NAME.search(message):
        member = _MEMBER.search(message)
        subject = f"{name[1]}.{member[1]}" if member else name[1]
        yield finding.but(kind=CauseKind.PYTHON_API, subject=subject, tier=Tier.FATAL)
    else:
        yield _in_the_code(finding, log)


def _in_the_code(finding: Finding, log: LogText) -> Finding:
    """Blame the project's own file rather than the header of the system that it misuses."""
    if not (finding.subject or "").startswith(_OF_THE_SYSTEM):
        return finding.but(subject=own_path(finding.subject), tier=Tier.LIKELY)
    near = [*log.after(finding.place, _NEAR), *log.before(finding.place, _NEAR)]
    users = (match[1] for place in near if (match := _USER.match(log.text(place))))
    user = next((user for user in users if not user.startswith(_OF_THE_SYSTEM)), None)
    return finding.but(subject=own_path(user or finding.subject), tier=Tier.STATED)


def _missing_input(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell a source that was left out of the sdist from a program that is missing."""
    if _SOURCE.search(finding.subject or ""):
        yield from unless_it_went_on(finding, log)


_FILE = r"(?:[\w./+~@-]{1,300})"

RULES = (
    Rule(
        CauseKind.MISSING_HEADER,
        "no such file or directory",
        r"(?:^|[\s:])(?:fatal )?error: (?P<subject>[^\s:'\"]{1,200}): No such file or directory",
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "' file not found",
        r"error: '(?P<subject>[^']{1,200})' file not found",
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "error: can",
        r"error: (?:cannot|can't) open (?:included|include|module) file '(?P<subject>[^']+)'",
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "unable to find '",
        r":\d+: error: unable to find '(?P<subject>[^']{1,200})'",
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "cannot open include file",
        r"cannot open include file:? '(?P<subject>[^']{1,200})'",
        refine=_header,
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        ": no such file or directory",
        r"(?:gcc|g\+\+|cc1|cc1plus|cc|c\+\+|clang|clang\+\+|gfortran)(?:-\d+)?: (?:fatal )?error: "
        r"(?P<subject>[^\s:]{1,200}): No such file",
        refine=_missing_input,
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "no such file or directory: '",
        r"clang: error: no such file or directory: '(?P<subject>[^']{1,200})'",
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        " error: ",
        rf"(?:^|\s)(?P<subject>(?!\S*meson\.build){_FILE}\.\w{{1,5}}):\d+(?::\d+)?:? "
        rf"(?:fatal )?error: (?!.*No"
        rf" such file)",
        tier=Tier.LIKELY,
        refine=_code_error,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "#error",
        rf"(?:^|\s)(?P<subject>{_FILE}\.\w{{1,5}}):\d+(?::\d+)?: error: #error",
        tier=Tier.LIKELY,
        refine=_code_error,
    ),
    Rule(
        CauseKind.WRONG_MACHINE,
        "unrecognized command",
        r"error: unrecognized command[- ]line option '(?P<subject>-m[^']{1,60})'",
        tier=Tier.LIKELY,
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "unrecognized command",
        r"error: unrecognized command[- ]line option '(?P<subject>-[^m'][^']{0,60})'",
        tier=Tier.LIKELY,
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.WRONG_MACHINE,
        "#error",
        r"#error.{0,60}\b(?P<subject>architecture|cpu|processor|platform|endian\w*)\b",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "internal compiler error",
        r"(?P<subject>internal compiler error)(?!: killed)",
        refine=unless_it_went_on,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        ".h'",
        r"'(?P<subject>[\w./+-]{1,100}\.h(?:pp)?)'(?: and '[^']{1,100}')?[^']{0,40}"
        r"(?:missing|not found|not be found|not installed|does not exist)",
        tier=Tier.LIKELY,
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        " find ",
        r"(?:could not|couldn't|cannot|can't|unable to|failed to|did not) find .{0,60}?"
        r"(?P<subject>\b[\w./+-]{1,100}\.h(?:pp)?\b)",
        tier=Tier.LIKELY,
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "header file",
        r"(?:unable to|could not|couldn't|cannot|can't|failed to|not) (?:find|locate|found?)\b"
        r".{0,80}\bheader files?:? ?[\[(]?'?(?P<subject>[\w./+-]{1,100}\.h(?:h|pp|xx)?)\b",
        tier=Tier.LIKELY,
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        ".h) could not be found",
        r"header for [\w.+-]{1,60} \((?P<subject>[\w./+-]{1,100}\.h)\) could not be found",
        tier=Tier.LIKELY,
        refine=_header,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "python development",
        r"\bPython development (?:headers?|files?|packages?)",
        subject="Python.h",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.MISSING_HEADER,
        "cannot compile 'python.h'",
        subject="Python.h",
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "command '",
        r"error: command '[^']{0,120}?(?P<subject>gcc|g\+\+|cc|c\+\+|clang|gfortran)' failed"
        r" with exit",
        tier=Tier.HINT,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "assembler messages",
        rf"(?P<subject>{_FILE}): Assembler messages",
        tier=Tier.LIKELY,
    ),
)
