"""Exceptions of Python code: what newer Pythons no longer have, and what Python 2 had."""

from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.known_names import words
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
    if finding.subject in _PYTHON2_ATTRIBUTES:
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
        "'dict' object has no attribute",
        r"'dict' object has no attribute '(?P<subject>has_key|iteritems|itervalues|iterkeys)'",
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
        CauseKind.PYTHON_TOO_NEW,
        "syntaxerror: ",
        r"SyntaxError: invalid syntax.{0,40}(?P<subject>async|await)",
    ),
    Rule(
        CauseKind.PYTHON2_ONLY,
        "syntaxerror: ",
        r"^SyntaxError: (?:invalid syntax|unicode error)",
        subject="syntax",
        tier=Tier.STATED,
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
