"""Cargo, maturin and setuptools-rust."""

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.remedies import STABLE_INTERFACE
from wheelyard.diagnosis.rule import Rule, Tier

RULES = (
    Rule(
        CauseKind.MISSING_PROGRAM,
        "rust",
        r"Rust not found|Cargo, the Rust package manager, is not installed"
        r"|cargo is not installed|requires Rust and Cargo|This package requires Rust"
        r"|(?:need|require)s? (?:a |the )?Rust (?:compiler|toolchain)",
        subject="cargo",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "can't find rust compiler",
        subject="cargo",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "linker",
        r"error: linker '(?P<subject>[\w+-]{1,40})' not found",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "is '",
        r"failed to execute command: No such file.{0,40}is '(?P<subject>[\w+-]{1,40})' not"
        r" installed",
    ),
    Rule(
        CauseKind.MISSING_LIBRARY,
        "unable to find libclang",
        subject="libclang.so",
    ),
    Rule(
        CauseKind.MISSING_PKG_CONFIG,
        "could not find directory of openssl installation",
        subject="openssl.pc",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "requires rustc",
        r"requires (?P<subject>rustc) \d",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "is not supported by the following",
        r"(?P<subject>rustc) \S{1,30} is not supported by the following",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "is required",
        r"feature '(?:edition\d{4}|[\w-]{1,40})' is required",
        subject="cargo",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "lock file version",
        r"lock file version '?\d'? (?:requires|was found)",
        subject="cargo",
    ),
    Rule(
        CauseKind.PROGRAM_TOO_OLD,
        "this version of cargo is older than",
        subject="cargo",
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "as a dependency of package",
        r"error: failed to get '[\w-]{1,60}' as a dependency of package",
        subject="crates.io",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.WANTS_NETWORK,
        "no matching package named",
        r"error: no matching package named '[\w-]{1,60}' found",
        subject="crates.io",
        tier=Tier.STATED,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "maximum supported version",
        r"Python interpreter version \((?P<subject>3\.\d{1,2})\) is newer than PyO3",
        remedy=STABLE_INTERFACE,
    ),
    Rule(
        CauseKind.PYTHON_REFUSED,
        "minimum supported version",
        r"Python interpreter version \((?P<subject>3\.\d{1,2})\) is (?:lower|older) than PyO3",
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "could not compile '",
        r"error: could not compile '(?P<subject>[\w-]{1,60})'",
        tier=Tier.GENERIC,
    ),
    Rule(
        CauseKind.COMPILE_ERROR,
        "failed to run custom build command",
        r"failed to run custom build command for '(?P<subject>[\w-]{1,60})",
        tier=Tier.HINT,
    ),
)
