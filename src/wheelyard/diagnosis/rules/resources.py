"""Memory, space, time and processes: limits of the machine or of the build."""

from collections.abc import Iterable

from wheelyard.diagnosis.cause import CauseKind
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Finding, Rule, Tier, is_followed_by_stop


def _fatal_only(finding: Finding, log: LogText) -> Iterable[Finding]:
    """Keep what stopped the build certain, and make the rest a hint."""
    yield finding if is_followed_by_stop(finding, log) else finding.but(tier=Tier.HINT)


def _memory(literal: str, pattern: str | None = None, *, subject: str | None = None) -> Rule:
    return Rule(
        CauseKind.OUT_OF_MEMORY,
        literal,
        pattern,
        subject=subject,
        tier=Tier.CERTAIN,
        refine=_fatal_only,
    )


RULES = (
    _memory("virtual memory exhausted"),
    _memory("killed signal terminated program", r"terminated program (?P<subject>[\w+.-]{1,40})"),
    _memory(": killed", r"internal compiler error: Killed \(program (?P<subject>[\w+.-]{1,40})\)"),
    _memory("out of memory allocating", r"(?P<subject>[\w+]{1,30}): out of memory allocating"),
    _memory("out of memory", r"(?:LLVM ERROR|fatal error|error): out of memory"),
    _memory("cannot allocate memory", r"\[Errno 12\]|: Cannot allocate memory"),
    _memory("memoryerror", r"^MemoryError(?::|$)"),
    _memory("std::bad_alloc", subject="std::bad_alloc"),
    _memory("memory allocation of", r"memory allocation of \d{1,20} bytes failed"),
    _memory("outofmemoryerror", subject="java"),
    _memory("sigkill", r"signal: 9, SIGKILL|died with <Signals\.SIGKILL"),
    _memory("terminated with signal 9", r"(?P<subject>\w{1,20}) terminated with signal 9"),
    _memory(
        "terminated by signal 9",
        r"command '(?:[^']{0,200}/)?(?P<subject>[\w+.-]{1,40})' terminated",
    ),
    _memory("oom-kill", r"oom[-_]kill|Out of memory: Killed process"),
    _memory("exit code: -9", r"exit code: -9\b"),
    _memory(
        "exit code -9",
        r"command '(?:[^']{0,200}/)?(?P<subject>[\w+.-]{1,40})' failed with exit code -9",
    ),
    _memory("status 137", r"exit(?:ed with)? (?:status|code)[: ]{1,2}137\b|Error 137\b"),
    _memory("error 137", r"\bError 137\b"),
    _memory("heap out of memory", subject="node"),
    _memory("] killed", r"make(?:\[\d+\])?: \*\*\* .{1,200}\] Killed"),
    Rule(
        CauseKind.PROCESS_LIMIT,
        "resource temporarily unavailable",
        r"(?:fork|vfork|clone|pthread_create|\[Errno 11\]).{0,60}Resource temporarily unavailable",
        tier=Tier.CERTAIN,
        refine=_fatal_only,
    ),
    Rule(
        CauseKind.PROCESS_LIMIT,
        "can't start new thread",
        tier=Tier.CERTAIN,
        refine=_fatal_only,
    ),
    Rule(
        CauseKind.NO_SPACE,
        "no space left on device",
        tier=Tier.CERTAIN,
        refine=_fatal_only,
    ),
    Rule(CauseKind.NO_SPACE, "disk quota exceeded", tier=Tier.CERTAIN, refine=_fatal_only),
    Rule(CauseKind.NO_SPACE, "file size limit exceeded", tier=Tier.CERTAIN, refine=_fatal_only),
    Rule(CauseKind.NO_SPACE, "file too large", r"\[Errno 27\]|: File too large", tier=Tier.LIKELY),
    Rule(
        CauseKind.TIMEOUT,
        "sending signal term",
        r"timeout: sending signal",
        tier=Tier.CERTAIN,
    ),
    Rule(
        CauseKind.TIMEOUT,
        "timed out",
        r"(?:build|job|process|command|subprocess|pip)\b.{0,80}timed out (?:after|in) \d"
        r"|^(?:\W{0,4})(?:build )?timed out",
        tier=Tier.FATAL,
    ),
    Rule(
        CauseKind.TIMEOUT,
        "time limit",
        r"(?:exceeded|reached|over) (?:the |its )?time limit|time limit (?:was )?(?:exceeded"
        r"|reached)",
        tier=Tier.FATAL,
    ),
    Rule(CauseKind.TIMEOUT, "timeoutexpired", tier=Tier.LIKELY),
    Rule(
        CauseKind.CLOCK_SKEW,
        "clock skew detected",
        r"ERROR: Clock skew detected",
        tier=Tier.CERTAIN,
    ),
    Rule(CauseKind.CLOCK_SKEW, "clock skew detected", tier=Tier.HINT),
    Rule(CauseKind.CLOCK_SKEW, "newly created file is older than distributed", tier=Tier.CERTAIN),
    Rule(CauseKind.CLOCK_SKEW, "still dirty after", tier=Tier.CERTAIN),
    Rule(CauseKind.CLOCK_SKEW, "timestamps before 1980", tier=Tier.FATAL),
    Rule(CauseKind.CLOCK_SKEW, "certificate is not yet valid", tier=Tier.FATAL),
    Rule(
        CauseKind.TRUNCATED_LOG,
        "truncated",
        r"(?:log|output)(?: was| is| has been)? truncated",
        tier=Tier.HINT,
    ),
)
