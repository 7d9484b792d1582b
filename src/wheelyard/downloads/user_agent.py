"""What a User-Agent tells of a client; pure, never raises, keeps nothing that names a person.

pip since 6.0, uv and Hatch send a JSON object after their name and version; older ones and all
others send words of the form `name/version`.
"""

import json
import re
from typing import Any

from wheelyard.model.download import Client, ClientClass

_MAX_LENGTH = 4000
_MAX_WORDS = 500
_DESCRIBED = re.compile(r"([A-Za-z][\w.-]{0,30})/(\S{1,40}) +(\{.*\})", re.DOTALL)
_USER_DATA = ',"user_data":'
_PRODUCT = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,40})/(?:release )?([\w.+!-]{1,60})", re.ASCII)
_VERSION = re.compile(r"[vV]?(\d{1,4})(?:\.(\d{1,4}))?(?![\d:])", re.ASCII)
# Names only: no digit comes first, so that no address looks like one.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ._+/!()-]{0,39}")

_INSTALLERS = frozenset(
    {"pip", "uv", "poetry", "pdm", "hatch", "pipenv", "setuptools", "distribute", "pex", "conda"}
    | {"mamba", "micromamba", "pixi", "rattler", "rye", "unearth", "bazel", "buildout"}
    | {"zc.buildout", "pipx", "micropip"}
)
_MIRRORS = frozenset(
    {"bandersnatch", "devpi-server", "devpi", "artifactory", "nexus", "pep381client", "pulp"}
    | {"pep381client-proxy", "pulpcore", "z3c.pypimirror", "proxpi", "wheelyard", "cloudsmith"}
    | {"simple-repository-server", "pypiserver", "pypicloud", "shadowmire"}
)
_BROWSERS = ("mozilla/", "opera/", "lynx/", "links ", "elinks/", "w3m/", "dillo/", "netsurf/")
_ROBOT = re.compile(
    r"(?<!cu)bots?(?![a-z])|\+https?:|google(?:other|-)|-google|crawl|spider|slurp|scan|monitor|preview|archiv|feed|headless|lighthouse"
    r"|phantomjs|uptime|pingdom|statuscake|nagios|check_http|zabbix|facebookexternalhit|zgrab|nmap"
    r"|nikto|sqlmap|nuclei|censys|expanse|internetmeasurement|semrush|ahrefs|scrapy|nutch|httrack",
    re.IGNORECASE,
)
_IMPLEMENTATIONS = {
    name.lower(): name
    for name in ("CPython", "PyPy", "GraalPy", "GraalVM", "Jython", "IronPython", "Pyston")
}
_CODENAME = re.compile(r"[a-z][a-z0-9]{0,30}")
_ARCHITECTURE = re.compile(r"(?=.*[a-z])[a-z0-9_-]{2,20}")


def read_user_agent(text: str) -> Client:
    """Tell what kind of client sent a User-Agent, and what it says of its machine."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        # pip ends with what its user wants to add, of any length; the rest is as good as ever.
        text = text[:_MAX_LENGTH].partition(_USER_DATA)[0] + "}"
    described = _DESCRIBED.match(text)
    told = None if described is None else _object(described[3])
    if described is None or told is None:
        return _from_words(text)
    return _from_object(described[1], described[2], told)


def told_codename(text: str) -> str | None:
    """Return the code name of the distribution release that an installer tells of (`bookworm`)."""
    described = _DESCRIBED.match(text[:_MAX_LENGTH].strip())
    told = None if described is None else _object(described[3])
    codename = None if told is None else _part(told, "distro").get("id")
    return codename if isinstance(codename, str) and _CODENAME.fullmatch(codename) else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _from_object(name: str, version: str, told: dict[str, Any]) -> Client:
    client_class = _class_of(name.lower())
    if client_class is not ClientClass.INSTALLER:
        return Client(client_class=client_class)
    installer = _part(told, "installer")
    implementation = _part(told, "implementation")
    distribution = _part(told, "distro")
    ci = told.get("ci")
    return Client(
        client_class=client_class,
        installer=name.lower(),
        installer_version=_two_parts(installer.get("version")) or _two_parts(version),
        python=_two_parts(told.get("python")),
        implementation=_implementation(implementation.get("name")),
        distribution=_name(distribution.get("name")),
        distribution_version=_release(distribution.get("version")),
        libc=_libc(_part(distribution, "libc")),
        architecture=_architecture(told.get("cpu")),
        is_ci=ci if isinstance(ci, bool) else None,
    )


def _part(told: dict[str, Any], key: str) -> dict[str, Any]:
    part = told.get(key)
    return part if isinstance(part, dict) else {}


def _libc(libc: dict[str, Any]) -> str | None:
    name, version = _name(libc.get("lib")), _two_parts(libc.get("version"))
    return f"{name} {version}" if name and version else name


def _from_words(text: str) -> Client:
    text = text[:_MAX_WORDS]
    products = _PRODUCT.findall(text)
    versions = {name.lower(): version for name, version in reversed(products)}
    first = products[0][0].lower() if _PRODUCT.match(text) else ""
    if first == "python-urllib" and "setuptools" in versions:
        first = "setuptools"
    elif first == "python-urllib" and "distribute" in versions:
        first = "distribute"
    client_class = _class_of(first)
    if client_class is ClientClass.OTHER:
        return Client(client_class=_class_by_look(text, versions))
    if client_class is not ClientClass.INSTALLER:
        return Client(client_class=client_class)
    implementation = next((name for name in versions if name in _IMPLEMENTATIONS), None)
    python = implementation if implementation == "cpython" else "python-urllib"
    return Client(
        client_class=client_class,
        installer=first,
        installer_version=_two_parts(versions[first]),
        python=_two_parts(versions.get(python)),
        implementation=_implementation(implementation),
    )


def _class_of(name: str) -> ClientClass:
    if name in _INSTALLERS:
        return ClientClass.INSTALLER
    return ClientClass.MIRROR if name in _MIRRORS else ClientClass.OTHER


def _class_by_look(text: str, names: dict[str, str]) -> ClientClass:
    if not _MIRRORS.isdisjoint(names):
        return ClientClass.MIRROR
    if _ROBOT.search(text):
        return ClientClass.ROBOT
    return ClientClass.BROWSER if text.lower().startswith(_BROWSERS) else ClientClass.OTHER


def _two_parts(value: object) -> str | None:
    """Return `major.minor` of a version: more of it would only make the tables longer."""
    found = _VERSION.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    return found[1] if found[2] is None else f"{found[1]}.{found[2]}"


def _release(value: object) -> str | None:
    """Return a distribution's release: two parts of a number, or a word such as `sid`."""
    return _two_parts(value) or _name(value)


def _name(value: object) -> str | None:
    """Return a short name in lower case; None for anything that does not look like one."""
    text = value.strip() if isinstance(value, str) else ""
    return text.lower() if _NAME.fullmatch(text) else None


def _implementation(value: object) -> str | None:
    name = _name(value)
    return None if name is None else _IMPLEMENTATIONS.get(name, "other")


def _architecture(value: object) -> str | None:
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if _ARCHITECTURE.fullmatch(text) else None
