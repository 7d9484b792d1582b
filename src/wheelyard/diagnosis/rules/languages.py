"""Compilers of other languages than C, each of which has words of its own for its absence."""

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.rule import Rule, Tier
from wheelyard.diagnosis.rules.programs import named_program

_JAVA = r"(?:java ?home|JAVA_HOME|JDK_HOME|JDK|JVM)(?: environment variable|'| \w{1,12})?"

RULES = (
    *(
        Rule(
            CauseKind.MISSING_PROGRAM,
            literal,
            rf"{_JAVA} (?:is |was |could )?(?:not (?:be )?(?:set|found|defined|located)|undefined)"
            rf"|(?:find|finding|locate|determine|set) (?:the |a |your )?(?:environment variable )?"
            rf"{_JAVA}\b"
            r"|Java JDK directory '[^']{1,200}' does not exist",
            tier=Tier.LIKELY,
            subject="javac",
        )
        for literal in ("java_home", "javahome", "jdk", "jvm")
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
