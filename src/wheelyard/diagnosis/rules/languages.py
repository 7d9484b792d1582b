"""Compilers of other languages than C, each of which has words of its own for its absence."""

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.rule import Rule, Tier
from wheelyard.diagnosis.rules.programs import named_program

RULES = (
    Rule(
        CauseKind.MISSING_PROGRAM,
        "java_home",
        r"JAVA_HOME(?: environment variable)?(?: is|'?)? (?:not (?:set|found|defined)|undefined)",
        tier=Tier.LIKELY,
        subject="javac",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "cuda_home",
        r"CUDA_HOME(?: environment variable)? (?:is )?not set",
        tier=Tier.LIKELY,
        subject="nvcc",
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "fortran compiler found",
        r"\bno Fortran compiler found",
        subject="gfortran",
    ),
    Rule(CauseKind.MISSING_PROGRAM, "f90 nor f77", subject="gfortran", tier=Tier.LIKELY),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "error trying to exec",
        r"error trying to exec '(?P<subject>[\w./+-]{1,60})'",
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "executable file not found",
        r"exec: \"?(?P<subject>[\w./+-]{1,100})\"?: executable file not found",
        refine=named_program,
    ),
    Rule(
        CauseKind.MISSING_PROGRAM,
        "nvcc",
        r"nvcc (?:was |is |could )?not (?:be )?(?:found|available)|(?:find|locate) nvcc",
        subject="nvcc",
        tier=Tier.LIKELY,
    ),
)
