"""Exceptions of Python code: what newer Pythons no longer have, and what Python 2 had."""

import re
from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.known_names import NEW_STDLIB_NAMES, words
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.remedies import CYTHON_BEFORE_3, NUMPY_BEFORE_1_24, NUMPY_BEFORE_2
from wheelyard.diagnosis.rule import Finding, Rule, Tier

_PYTHON2_ATTRIBUTES = words(
    "string.maketrans string.letters string.lowercase string.uppercase string.join "
    "string.replace string.atoi string.split string.strip os.getcwdu sys.maxint "
    "sys.setdefaultencoding types.StringType types.ListType types.UnicodeType "
    "types.DictType types.ClassType itertools.izip itertools.imap urllib.urlopen "
    "urllib.quote urllib.urlencode urllib.urlretrieve"
)
_OLD_NUMPY_NAMES = frozenset({"int", "float", "bool", "object", "str", "complex", "long"})


def _attribute(finding: Finding, _log: LogText) -> Iterable[Finding]:
    """Tell by the module what a missing attribute means."""
    module, _, name = (finding.subject or "").rpartition(".")
    top = module.partition(".")[0]
    if since := NEW_STDLIB_NAMES.get(finding.subject or ""):
        yield finding.but(kind=CauseKind.PYTHON_REFUSED, subject=f">={since}")
    elif finding.subject in _PYTHON2_ATTRIBUTES:
        yield finding.but(kind=CauseKind.PYTHON2_ONLY)
    elif top == "numpy":
        remedy = NUMPY_BEFORE_1_24 if name in _OLD_NUMPY_NAMES else NUMPY_BEFORE_2
        yield finding.but(kind=CauseKind.NUMPY_API, remedy=None if name.startswith("_") else remedy)
    elif top in {"setuptools", "pkg_resources"}:
        yield finding.but(kind=CauseKind.SETUPTOOLS_REMOVED)
    elif top == "distutils":
        yield finding.but(kind=CauseKind.DISTUTILS_REMOVED)
    elif top == "Cython":
        yield finding.but(kind=CauseKind.CYTHON3, remedy=CYTHON_BEFORE_3)
    elif top in _STDLIB:
        yield finding


_STDLIB = words(
    "abc array ast asyncio base64 binascii cgi codecs collections configparser ctypes "
    "datetime email fractions ftplib gettext hashlib html html.parser http imp importlib "
    "inspect io itertools json locale logging math mimetypes operator os parser pkgutil "
    "platform plistlib random re shlex shutil socket sre_constants ssl string struct "
    "subprocess sys sysconfig tarfile tempfile threading time tokenize traceback types "
    "typing unittest urllib uuid weakref xml zipfile"
)


def _imported_name(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Read `cannot import name X from Y` like a missing attribute `Y.X`."""
    found = list(_attribute(finding, log))
    if found:
        yield from found
        return
    module = (finding.subject or "").rpartition(".")[0]
    yield finding.but(kind=CauseKind.BUILD_TOOL_CHANGED, subject=module, tier=Tier.LIKELY)


def _syntax(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Tell by the code that Python shows above its message of which time it is."""
    shown = [log.text(place) for place in log.before(finding.place, _CODE_ABOVE)]
    code = next((text for text in shown if text.strip("^ ~")), "")
    if _RESERVED.search(code):
        yield finding.but(kind=CauseKind.PYTHON_TOO_NEW, subject="async", tier=Tier.FATAL)
    elif _OF_3_12.search(code) or "f-string" in finding.text:
        yield finding.but(kind=CauseKind.PYTHON_REFUSED, subject=">=3.12", tier=Tier.FATAL)
    elif "invalid syntax" in finding.text:
        yield finding


_CODE_ABOVE = 3
_RESERVED = re.compile(r"\b(?:async|await)\b(?! (?:def|for|with)\b)")
_OF_3_12 = re.compile(r"^(?:async )?(?:def|class) \w{1,60}\[|^type \w{1,60}(?:\[[^]]{1,60}\])? = ")

_PYTHON2_NAMES = (
    "unicode|xrange|basestring|raw_input|execfile|unichr|long|reduce|reload|file|cmp|unichr|apply"
)

RULES = (
    Rule(
        CauseKind.PYTHON2_ONLY,
        "missing parentheses in call to",
        r"SyntaxError: Missing parentheses in call to '(?P<subject>\w{1,10})'",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "multiple exception types must be parenthesized",
        subject="except",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: leading zeros in decimal integer",
        subject="octal number",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "taberror: inconsistent use of tabs",
        subject="tabs",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: invalid token",
        subject="octal number",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: invalid decimal literal",
        subject="long number",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: invalid hexadecimal literal",
        subject="long number",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "is not defined",
        rf"NameError: name '(?P<subject>{_PYTHON2_NAMES})' is not defined",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "'str' object has no attribute 'decode'",
        r"^AttributeError: 'str' object has no attribute 'decode'",
        subject="str.decode",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "object has no attribute '",
        r"'(?:function|method)' object has no attribute '(?P<subject>(?:func|im)_\w{1,20})'",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "'dict' object has no attribute",
        r"'dict' object has no attribute '(?P<subject>has_key|iteritems|itervalues|iterkeys)'",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "typeerror: ",
        r"^TypeError: '(?P<subject>dict_keys|dict_values|dict_items|map|filter|zip|range)' object"
        r" (?:is not subscriptable|does not support)",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "typeerror: ",
        r"^TypeError: (?:a bytes-like object is required, not 'str'"
        r"|cannot use a string pattern on a bytes-like|(?:starts|ends)with first arg must be bytes"
        r"|can only concatenate list \(not \"(?:filter|map|dict_keys|dict_values|range|zip)\"\))",
        tier=Tier.STATED,
        subject="bytes",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "sys.version_info",
        r"^(?:assert |AssertionError:).{0,40}sys\.version_info.{0,10}<=? ?\(?3\b(?!, ?[1-9])",
        tier=Tier.LIKELY,
        subject="Python 2",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "must be str, not bytes",
        r"TypeError: (?P<subject>write\(\) argument) must be str, not bytes",
        tier=Tier.GENERIC,
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "invalid mode",
        r"ValueError: invalid mode: '(?P<subject>r?U[rb]?|rbU)'",
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "has no attribute '",
        r"AttributeError: module '(?P<subject>[\w.]{1,60}' has no attribute '\w{1,60})'",
        refine=lambda finding, log: _attribute(
            finding.but(subject=(finding.subject or "").replace("' has no attribute '", ".")), log
        ),
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "cannot import name '",
        r"ImportError: cannot import name '(?P<subject>\w{1,60}' from '[\w.]{1,60})'",
        refine=lambda finding, log: _imported_name(
            finding.but(subject=".".join(reversed((finding.subject or "").split("' from '")))), log
        ),
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "object has no attribute 'unescape'",
        subject="html.parser.HTMLParser.unescape",
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "object has no attribute 'readfp'",
        subject="configparser.readfp",
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "object has no attribute 'tostring'",
        subject="array.tostring",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "object has no attribute 'find_module'",
        subject="find_module",
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "unexpected keyword argument 'loop'",
        subject="loop",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: ",
        r"^SyntaxError: (?:invalid syntax|expected '\('|f-string: )",
        subject="syntax",
        tier=Tier.STATED,
        refine=_syntax,
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: ",
        r"^SyntaxError: (?:Non-UTF-8 code|\(?unicode error)",
        subject="encoding",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.PYTHON_TOO_NEW,
        "generator expression must be parenthesized",
        subject="syntax",
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "error: ",
        r"^(?P<subject>SyntaxError|IndentationError|TabError): ",
        tier=Tier.GENERIC,
    ),
    Rule(
        CauseKind.BUILD_TOOL_CHANGED,
        "parse_requirements() missing",
        subject="pip",
    ),
    Rule(
        CauseKind.BUILD_TOOL_CHANGED,
        "'parsedrequirement' object",
        subject="pip",
    ),
    Rule(
        CauseKind.TEST_FAILURE,
        "failed (",
        r"^FAILED \((?P<subject>(?:failures|errors)=\d{1,6})",
        tier=Tier.LIKELY,
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "error: can't copy",
        r"error: can't copy '(?P<subject>[^']{1,150})': doesn't exist",
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "error: package directory",
        r"error: package directory '(?P<subject>[^']{1,150})' does not exist",
    ),
    Rule(
        CauseKind.INCOMPLETE_SDIST,
        "error: file '",
        r"error: file '(?P<subject>[^']{1,150})' does not exist",
    ),
    Rule(
        CauseKind.UNKNOWN,
        "error",
        r"^(?P<subject>(?:\w{1,40}\.){0,6}\w{0,40}(?-i:Error|Exception|Interrupt))(?:: \S|$)",
        tier=Tier.HINT,
    ),
)
