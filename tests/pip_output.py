# ruff: noqa: RUF001 - this is what pip prints
"""What pip prints round the output of a failing back end."""


def failing_build(*lines: str) -> str:
    """Return a log of pip in which a back end printed these lines."""
    return "\n".join(
        [
            "Building wheels for collected packages: spam",
            "  Building wheel for spam (pyproject.toml): started",
            "  error: subprocess-exited-with-error",
            "  × Building wheel for spam (pyproject.toml) did not run successfully.",
            "  │ exit code: 1",
            f"  ╰─> [{len(lines)} lines of output]",
            *(f"      {line}" for line in lines),
            "      [end of output]",
            "  note: This error originates from a subprocess, and is likely not pip's problem.",
            "  ERROR: Failed building wheel for spam",
            "ERROR: Failed to build one or more wheels",
        ]
    )
