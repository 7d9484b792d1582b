"""What starting a sandbox costs, beside starting the same program bare."""

import time
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from wheelyard import process
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.builder.sandbox.sandbox import Command
from wheelyard.settings import load

ROUNDS = 50


@dataclass(frozen=True, slots=True)
class SandboxFigures:
    """Median milliseconds of `/bin/true`, in the sandbox and bare."""

    sandboxed: float
    bare: float


def measure() -> SandboxFigures:
    """Run `/bin/true` both ways, in turn."""
    sandbox = open_sandbox(load())
    command = Command(arguments=("/bin/true",), folder="/")
    sandboxed, bare = [], []
    for _ in range(ROUNDS):
        started = time.monotonic()
        sandbox.run(command, output=lambda _: None)
        between = time.monotonic()
        process.run(["/bin/true"], environment={}, timeout=timedelta(seconds=10))
        sandboxed.append(between - started)
        bare.append(time.monotonic() - between)
    return SandboxFigures(sandboxed=1000 * median(sandboxed), bare=1000 * median(bare))
