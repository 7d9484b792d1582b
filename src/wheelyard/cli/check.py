"""`wheelyard check`: whether what a file asks for has wheels for a board."""

from pathlib import Path
from typing import Annotated

import typer

from wheelyard import log
from wheelyard.builder.host import local_target
from wheelyard.checking.environment import marker_environment
from wheelyard.checking.reading import MAX_BYTES, decoded, read_needs
from wheelyard.checking.report import WORDS, Report, make_report, report_document
from wheelyard.checking.verdict import Finding, judge_all
from wheelyard.cli.asking import Server
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.cli.steps import Steps
from wheelyard.client import http_client
from wheelyard.errors import BadInput, NotFound
from wheelyard.model.target import target_from_name
from wheelyard.settings import load

_EVERY = 25


def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock or pyproject.toml."
        ),
    ],
    *,
    target: Annotated[
        str | None,
        typer.Option(help="The board, such as bookworm-cp311-armv7l; by default this machine."),
    ] = None,
    index: Annotated[
        str | None, typer.Option(help="The server's URL; by default that of the settings.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say for each requirement of a file whether there is a wheel for a board.

    The file stays here: the server is asked about projects by their names. The exit status is 1 if
    something would have to be compiled, or cannot be had.
    """
    log.configure()
    settings = load()
    board = local_target(needs_headers=False) if target is None else target_from_name(target)
    needs = read_needs(
        _read(file),
        filename=str(file),
        environment=marker_environment(board),
        open_other=_open_other,
    )
    names = {
        need.name
        for need in needs.needs
        if need.name is not None and need.applies and need.source is None
    }
    with (
        Steps(quiet=as_json) as steps,
        http_client(contact=settings.contact, timeout=settings.upstream.timeout) as client,
    ):
        server = Server(client, index or settings.server_url)

        def tell(done: int, of: int) -> None:
            if done % _EVERY == 0 or done == of:
                steps.say(f"{done} of {of} projects")

        known = server.known(names, board, on_progress=tell)
        findings = server.with_places(judge_all(needs.needs, known, board), board)
        is_built_for = server.builds_for(board)
    report = make_report(needs, findings, target=board.name, is_built_for=is_built_for)
    if as_json:
        print_json(report_document(report))
    else:
        _tell(report)
    if not report.is_fine:
        raise typer.Exit(1)


def _tell(report: Report) -> None:
    print_table(
        f"{report.form} for {report.target}",
        ("requirement", "where", "outcome", "why"),
        (
            (one.need.shown, one.need.place, WORDS[one.outcome], _sentence(one))
            for one in report.findings
        ),
    )
    for note in report.notes:
        print_line(note)
    if report.apt_line is not None:
        print_line("The wheels need packages of the distribution:")
        print_line(f"  {report.apt_line}")
    counts = (f"{count} {WORDS[outcome]}" for outcome, count in report.counts.items())
    print_line("; ".join(counts) or "The file asks for nothing.")


def _sentence(finding: Finding) -> str:
    if finding.alternative is None:
        return finding.sentence
    return f"{finding.sentence} {finding.alternative} has a wheel."


def _open_other(including: str, other: str) -> tuple[str, str]:
    """Read a file that another one includes, by a path from there."""
    path = Path(including).parent / other
    try:
        return str(path), decoded(_read(path))
    except NotFound as error:
        raise BadInput(f"{path}: {error.advice}") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotFound(path, str(error.strerror)) from None


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard check`."""
    app.command()(check)
