"""nginx maps: from what a client says to what it gets; pure.

nginx knows no quality values. Each media type's is read into one character, and the characters
together are matched against a list of patterns, the best level first.
"""

from collections.abc import Sequence

from wheelyard.storage.packing import ENDINGS

LEVELS = "0t123456789c"
"""Qualities from 0 (or nonsense) over less than 0.1 (`t`) and tenths to 1 (`c`)."""

ENCODINGS = {ending: coding for coding, ending in ENDINGS.items()}
"""How the names of compressed objects end, and how HTTP calls that; the preferred first."""

_ABSENT = "-"
_USUAL = {
    "application/vnd.pypi.simple.v1+json": "json",
    "application/vnd.pypi.simple.v1+html": "html",
    "text/html": "legacy",
    "*/*": "legacy",
    "": "legacy",
    # pip, uv and PDM; too long for a string in a map.
    r"~^application/vnd\.pypi\.simple\.v1\+json, application/vnd\.pypi\.simple\.v1\+html;"
    r" ?q=0\.[12], text/html; ?q=0\.01$": "json",
    # Browsers: nothing is more welcome to them, so it does not matter what else they take.
    r"~^text/html,(?!.*vnd\.pypi)": "legacy",
}
"""What installers send, so that nearly every request costs one look-up."""

_TYPES = {
    "wy_q_json": r"application/vnd\.pypi\.simple\.(?:v1|latest)\+json",
    "wy_q_html": r"application/vnd\.pypi\.simple\.(?:v1|latest)\+html",
    "wy_q_legacy": r"text/html",
    "wy_q_any": r"\*/\*",
    "wy_q_application": r"application/\*",
    "wy_q_text": r"text/\*",
}


def form_maps() -> str:
    """Return the maps from `Accept` to `$wy_form`: `json`, `html` or `legacy`."""
    qualities = [_quality_map(name, pattern) for name, pattern in _TYPES.items()]
    together = "".join(f"${{{name}}}" for name in _TYPES)
    by_level = [("default", "legacy"), *((f"~^{key}", form) for key, form in _choices())]
    usual = [("default", "$wy_form_by_quality"), *_USUAL.items()]
    return "".join(
        (
            *qualities,
            _map(together, "wy_form_by_quality", by_level),
            _map("$http_accept", "wy_form", usual),
        )
    )


def encoding_map() -> str:
    """Return the map from `Accept-Encoding` to `$wy_packed`: how a compressed object's name ends.

    The first of `ENCODINGS` counts that is named and not refused.
    """
    not_refused = r"(?!\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$))"
    ends = [
        (rf"~*(?:^|,)\s*{encoding}{not_refused}\s*(?:;|,|$)", end)
        for end, encoding in ENCODINGS.items()
    ]
    return _map("$http_accept_encoding", "wy_packed", [("default", ""), *ends])


def channel_map(channels: Sequence[str]) -> str:
    """Return the map from `User-Agent` to `$wy_told_channel`; installers send JSON."""
    told = [(rf'~"distro":\s*\{{[^{{}}]*"id":\s*"{channel}"', channel) for channel in channels]
    return _map("$http_user_agent", "wy_told_channel", [("default", ""), *told])


def vary_map(*, of_channels: str, of_all: str) -> str:
    """Return the map to `$wy_vary`: what a page of a channel, and of the plain index, rests on."""
    plain = "~^(?:overlay/)?simple/"
    return _map("$wy_page", "wy_vary", [("default", of_channels), (plain, of_all)])


def _choices() -> list[tuple[str, str]]:
    """Return patterns of the six qualities in the order of `_TYPES`, and what they lead to.

    As in `wheelyard.web.negotiation`: the greatest quality wins, a name before a wildcard, and
    a wildcard stands for what is not named.
    """
    choices = []
    for level in reversed(LEVELS[1:]):
        choices += [
            (level, "json"),
            (f".{level}", "html"),
            (f"..{level}", "legacy"),
            (f"{_ABSENT}...{level}", "json"),
            (f".{_ABSENT}..{level}", "html"),
            (f"..{_ABSENT}..{level}", "legacy"),
            (f"..{_ABSENT}{level}", "legacy"),
            (f"{_ABSENT}..{level}", "json"),
            (f".{_ABSENT}.{level}", "html"),
        ]
    return choices


def _quality_map(name: str, pattern: str) -> str:
    start = rf"~*(?:^|,)\s*{pattern}\s*"
    quality = r"(?:;[^,]*)?;\s*q\s*=\s*"
    end = r"\s*(?:[,;]|$)"
    tenth = f"{name}_tenth"
    return _map(
        "$http_accept",
        name,
        [
            ("default", _ABSENT),
            (rf"{start}(?:,|$)", "c"),
            (rf"{start}{quality}1(?:\.0*)?{end}", "c"),
            (rf"{start}{quality}0?\.(?<{tenth}>[1-9])[0-9]*{end}", f"${tenth}"),
            (rf"{start}{quality}0?\.0[0-9]*[1-9][0-9]*{end}", "t"),
            (rf"{start}{quality}", "0"),
            (rf"{start};", "c"),
        ],
    )


def _map(source: str, name: str, lines: Sequence[tuple[str, str]]) -> str:
    shown = "".join(f"    {_quoted(key)} {_quoted(value)};\n" for key, value in lines)
    given = f'"{source}"' if "{" in source else source
    return f"map {given} ${name} {{\n{shown}}}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return text if text == "default" else f'"{escaped}"'
