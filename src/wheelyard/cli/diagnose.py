"""`wheelyard diagnose`: why a build failed, from its log."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from wheelyard.contents.lookup import open_contents
from wheelyard.diagnosis.advice import advice
from wheelyard.diagnosis.cause import Cause
from wheelyard.diagnosis.diagnosis import diagnose as diagnose_log
from wheelyard.diagnosis.diagnosis import evidence_lines
from wheelyard.diagnosis.explain import sentence
from wheelyard.settings import load


def diagnose(
    log: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="LOG", help="A log of pip or wheelyard; - for standard input."),
    ],
    *,
    environment: Annotated[
        str | None,
        typer.Option(help="Name the Debian packages for this environment: bookworm-amd64."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say why a build failed, from its log: the root cause first, with the lines that show it."""
    text = log.read().decode("utf-8", "replace")
    if environment is None:
        causes = diagnose_log(text)
    else:
        with open_contents(load().contents, environment) as contents:
            causes = diagnose_log(text, source=contents)
    if as_json:
        typer.echo(json.dumps({"causes": [_as_json(cause) for cause in causes]}, indent=2))
        return
    console = Console(highlight=False)
    if not causes:
        console.print("The build succeeded.")
    for position, cause in enumerate(causes):
        _explain(console, cause, evidence_lines(text, cause), is_root=position == 0)


def _as_json(cause: Cause) -> dict[str, object]:
    return {
        "kind": cause.kind.value,
        "subject": cause.subject,
        "evidence": list(cause.evidence),
        "confidence": cause.confidence,
        "remedy": None if cause.remedy is None else asdict(cause.remedy),
    }


def _explain(console: Console, cause: Cause, evidence: tuple[str, ...], *, is_root: bool) -> None:
    """Print a cause; what comes from the log is shown as it is, never read as markup."""
    console.print(Text(f"{sentence(cause)}.", style="bold" if is_root else ""))
    console.print(f"  {cause.kind.value}, {cause.confidence:.0%} sure", style="dim")
    for number, line in zip(cause.evidence, evidence, strict=True):
        console.print(Text(f"  line {number}: {line}"), soft_wrap=True)
    if is_root and cause.remedy is None:
        console.print(Text(f"  {advice(cause.kind)}"), soft_wrap=True)
    if cause.remedy and cause.remedy.requirements:
        wanted = ", ".join(cause.remedy.requirements)
        console.print(Text(f"  Remedy: build with {wanted}", style="green"))
    if cause.remedy and cause.remedy.debian:
        packages = ", ".join(cause.remedy.debian)
        console.print(Text(f"  Remedy: install {packages}", style="green"))


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard diagnose`."""
    app.command()(diagnose)
