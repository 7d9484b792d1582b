"""How progress is shown: a live table on a terminal, plain lines anywhere else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wheelyard.cli.outcomes import Outcome

_MAX_ROWS = 12
_STYLES = {
    "built": "green",
    "checked": "green",
    "covered-upstream": "cyan",
    "waiting": "dim",
    "reading": "dim",
}


class Progress(Protocol):
    """Shows where the wanted projects stand, as often as it is told."""

    def show(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Show the present state."""
        ...

    def say(self, line: str) -> None:
        """Print a line that stays."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def open_progress(console: Console) -> Progress:
    """Choose by whether there is a terminal."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class PlainProgress:
    """A line for each change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: dict[str, tuple[str, str]] = {}

    def show(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:  # noqa: ARG002 - protocol
        """Print what has changed since the last time."""
        for outcome in outcomes:
            key = _key(outcome)
            seen = (outcome.state, outcome.detail)
            if self._shown.get(key) != seen:
                self._shown[key] = seen
                self.say(describe(outcome))

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Nothing is open."""


class LiveProgress:
    """What is finished scrolls away above; what is not stays in a table with its elapsed time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._finished: dict[str, tuple[str, str]] = {}
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._live.start()

    def show(self, outcomes: Sequence[Outcome], *, now: datetime) -> None:
        """Print what has just ended, and draw the table of the rest anew."""
        for outcome in outcomes:
            key, seen = _key(outcome), (outcome.state, outcome.detail)
            if outcome.is_final and self._finished.get(key) != seen:
                self._finished[key] = seen
                self._console.print(Text(describe(outcome), style=_style(outcome)))
        self._live.update(_table([item for item in outcomes if not item.is_final], now=now))

    def say(self, line: str) -> None:
        """Print a line above the table."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the table away."""
        self._live.stop()


def describe(outcome: Outcome) -> str:
    """Return one line about an outcome."""
    words = [outcome.label]
    if outcome.target is not None:
        words.append(f"[{outcome.target.name}]")
    words.append(outcome.state)
    if outcome.seconds is not None:
        words.append(f"in {outcome.seconds:.1f} s")
    line = " ".join(words)
    return f"{line}: {printable(outcome.detail)}" if outcome.detail else line


def printable(text: str) -> str:
    """Return a text of unknown origin as one line that cannot command a terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    """Return the table of all outcomes that ends a run."""
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("project", "version", "target", "outcome", "seconds"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "seconds" else "left")
    table.add_column("reason", overflow="fold")
    for outcome in outcomes:
        table.add_row(
            Text(outcome.want.project),
            Text(str(outcome.version or outcome.want.version or "")),
            Text(outcome.target.name if outcome.target else ""),
            Text(outcome.state, style=_style(outcome)),
            "" if outcome.seconds is None else f"{outcome.seconds:.1f}",
            Text(printable(outcome.detail)),
        )
    return table


def _table(pending: Sequence[Outcome], *, now: datetime) -> RenderableType:
    if not pending:
        return Text()
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("project", "target", "phase", "elapsed"):
        table.add_column(heading, no_wrap=True)
    table.add_column("", overflow="ellipsis", no_wrap=True)
    active_first = sorted(pending, key=lambda outcome: outcome.since is None)
    for outcome in active_first[:_MAX_ROWS]:
        elapsed = "" if outcome.since is None else f"{(now - outcome.since).total_seconds():.0f} s"
        table.add_row(
            Text(outcome.label),
            Text(outcome.target.name if outcome.target else ""),
            Text(outcome.state, style=_style(outcome)),
            elapsed,
            Text(printable(outcome.detail)),
        )
    more = len(active_first) - _MAX_ROWS
    return Group(table, Text(f"and {more} more", style="dim")) if more > 0 else table


def _key(outcome: Outcome) -> str:
    return f"{outcome.label} {outcome.target.name if outcome.target else ''}"


def _style(outcome: Outcome) -> str:
    if outcome.is_final and not outcome.is_satisfied:
        return "red"
    return _STYLES.get(outcome.state, "")
