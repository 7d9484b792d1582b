"""`wheelyard certify`: what can be checked of a wheel without running it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from wheelyard.builder.host import local_target
from wheelyard.certify.expected import Expected
from wheelyard.certify.inspection import certify as certify_wheel
from wheelyard.cli.output import AsJson, print_json, print_line, print_table
from wheelyard.errors import BadInput, HostileContent
from wheelyard.model.certificate import Certificate, certificate_document
from wheelyard.model.names import parse_target_name, parse_wheel_name
from wheelyard.model.target import target_from_name

_SUFFIX = ".whl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A wheel and what was found of it."""

    filename: str
    target: str
    certificate: Certificate


def certify(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROJECT|FILE]",
            help="A wheel's file, or a project whose wheels are on the index;"
            " without either, wheels on the index that have no certificate, 1000 at once.",
        ),
    ] = None,
    *,
    target: Annotated[
        str | None,
        typer.Option(
            help="A file: the target that it is for (this machine's own if not said)."
            " Else only wheels of this target."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check wheels as the server checks what builders deliver; exit status 6 if any fails."""
    name = None if target is None else parse_target_name(target)
    if what is not None and what.endswith(_SUFFIX):
        found: Sequence[Found] = [_of_file(Path(what), name)]
    else:
        # A builder's machine has no server's libraries; it certifies files only.
        stored = import_module("wheelyard.cli.certify_stored")
        found = stored.certify_stored(what, target=name)
    if as_json:
        print_json({"wheels": [_document(one) for one in found]})
    else:
        for one in found:
            _print(one, whole=len(found) == 1)
        print_line(f"{len(found)} wheels checked")
    bad = [one.filename for one in found if not one.certificate.is_passed]
    if bad:
        raise HostileContent(", ".join(bad[:5]), f"{len(bad)} of {len(found)} wheels fail")


def _of_file(path: Path, name: str | None) -> Found:
    wheel = parse_wheel_name(path.name)
    target = local_target() if name is None else target_from_name(name)
    expected = Expected(project=wheel.project, version=wheel.version, target=target)
    try:
        certified = certify_wheel(path, expected)
    except OSError as error:
        raise BadInput(path, error.strerror or "It cannot be read") from None
    return Found(filename=path.name, target=target.name, certificate=certified.certificate)


def _document(one: Found) -> dict[str, object]:
    document = certificate_document(one.certificate)
    return {"filename": one.filename, "target": one.target, **document}


def _print(one: Found, *, whole: bool) -> None:
    """Print one wheel's checks; with `whole` also those that did not fail."""
    checks = one.certificate.checks if whole else one.certificate.failed
    rows = [
        (check.name, check.result.value, "\n".join([check.message, *check.evidence]))
        for check in checks
    ]
    if whole or rows:
        title = f"{one.filename} for {one.target}"
        print_table(title, ("check", "result", "what was found"), rows)


def add_to(app: typer.Typer) -> None:
    """Add `wheelyard certify`."""
    app.command()(certify)
