"""Settings: a TOML file, then environment variables `WHEELYARD_…`; unknown keys are refused."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from wheelyard.errors import InvalidSetting
from wheelyard.model.build import Limits
from wheelyard.model.target import add_release

_PREFIX = "WHEELYARD_"
_FILE_VARIABLE = "WHEELYARD_SETTINGS"
_DEFAULT_FILE = "wheelyard.toml"
_ReleaseName = Annotated[str, Field(pattern="^[a-z]{1,20}$")]
_Glibc = Annotated[str, Field(pattern=r"^\d{1,3}\.\d{1,3}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsSettings(_Section):
    """What one build may use; sizes in bytes. See `wheelyard.model.build.Limits`."""

    duration: timedelta = Limits().duration
    memory_bytes: int = Field(default=Limits().memory_bytes, gt=0)
    processes: int = Field(default=Limits().processes, gt=0)
    disk_bytes: int = Field(default=Limits().disk_bytes, gt=0)
    files: int = Field(default=Limits().files, gt=0)
    log_bytes: int = Field(default=Limits().log_bytes, gt=0)
    output_bytes: int = Field(default=Limits().output_bytes, gt=0)
    sdist_bytes: int = Field(default=Limits().sdist_bytes, gt=0)

    def limits(self) -> Limits:
        """Return the limits as the model's type."""
        return Limits(**{name: getattr(self, name) for name in type(self).model_fields})


class QueueSettings(_Section):
    """Leases and retries.

    A lease lasts `lease`, is renewed by a heartbeat every `heartbeat`; a failure of the
    infrastructure (a lost lease among them) is tried again after `backoff`, doubled each time, at
    most `max_attempts` times in all.
    """

    lease: timedelta = timedelta(seconds=60)
    heartbeat: timedelta = timedelta(seconds=5)
    backoff: timedelta = timedelta(seconds=2)
    max_attempts: int = Field(default=10, ge=1)


SourceName = Literal["changelog", "serial-list", "project-poll"]
"""The names of change sources that tell of every change, the most telling first."""


class UpstreamSettings(_Section):
    """The index that is followed.

    `url` is its simple index (`https://…/simple/`), by default the one that pip or uv is configured
    for. `sources` tell what has changed there, the first that works is used (by default all, but
    the list of serials, which is large, only if everything is followed): the changelog and the list
    are asked every `changes_every` and `list_every`; polling reads a project that
    somebody wants, or that has wheels here, again every `poll`, any other every `poll_others`.
    `rss` takes the index's feeds as hints besides. At most `connections` pages are read at once. A
    project is taken for deleted when it is missing twice, at least `confirm_deletion` apart.
    """

    url: str | None = None
    sources: tuple[SourceName, ...] | None = Field(default=None, min_length=1)
    rss: bool = True
    changes_every: timedelta = timedelta(seconds=15)
    list_every: timedelta = timedelta(days=1)
    poll: timedelta = timedelta(minutes=10)
    poll_others: timedelta = timedelta(days=2)
    confirm_deletion: timedelta = timedelta(minutes=2)
    connections: int = Field(default=4, ge=1, le=32)
    timeout: timedelta = timedelta(seconds=30)


class PolicySettings(_Section):
    """What is built of the projects that are followed.

    `follow` is "wanted" (the projects that were named) or "everything" (all of upstream). Of a
    followed project all releases are built, or the `newest_releases`, and none that is older than
    `released_since`; pre-releases only with `prereleases`. A new release is left alone for
    `grace`, in which upstream's own wheels may still come. What a person asks for by name is built
    whatever these say.
    """

    follow: Literal["wanted", "everything"] = "wanted"
    newest_releases: int | None = Field(default=None, ge=1)
    released_since: date | None = None
    prereleases: bool = False
    grace: timedelta = timedelta(hours=6)


class HealingSettings(_Section):
    """What is done about failed builds: at most `rounds` other recipes are tried for each."""

    rounds: int = Field(default=4, ge=0)


class PublishSettings(_Section):
    """Where pages go besides the store.

    `purge_url` gets a POST with `{"urls": [...]}` whenever files or pages have changed that a
    cache in front of this server may hold; paths are relative to the server's address.
    """

    purge_url: str | None = None


class SiteSettings(_Section):
    """What visitors of the pages may do.

    `requests_per_hour` builds may be asked for there, by one address a tenth of them; 0: none.
    """

    requests_per_hour: int = Field(default=60, ge=0)


class ProvenanceSettings(_Section):
    """Where wheels come from is signed with the key in `key_file`.

    It is made when it is first wanted, by default in the data folder. Where services run on
    several machines, give them the same file.
    """

    key_file: Path | None = None


class DownloadsSettings(_Section):
    """Counting downloads.

    `logs` are log files and folders of log files to follow, besides the requests to our own web
    process, which are counted if `own`. `factors` say, by the beginning of the name of the board
    that built ("" for any), how many times as long a client's architecture builds (1 if nothing is
    said), and `install` how long an installation takes anyway: both make the time saved. Days
    become months after `keep_days`. With `count_hosts` distinct hosts are counted, by digests whose
    salts are thrown away days later.
    """

    logs: tuple[Path, ...] = ()
    own: bool = True
    factors: dict[str, dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]]] = {
        "": {"armv6l": 6.0}
    }
    install: timedelta = timedelta(seconds=6.7)
    keep_days: int = Field(default=92, ge=1)
    count_hosts: bool = False


class BuilderSettings(_Section):
    """One builder. `token` is better given as WHEELYARD_BUILDER__TOKEN or in `token_file`.

    `folder` holds caches and work folders (default: chosen by the builder where its build user can
    reach it); `build_uid` is the user that builds run as when the builder is started by root.
    `environments` says which environment (`bookworm-armhf`) a target, or a whole distribution
    release, is built in, or `host` for the machine's own system; by default the environment of the
    target's own name, where it is there. They are kept in `environment_folder`. `helper` is how a
    builder that is not root calls the helper that makes layers, as `["sudo", "-n", …]`.
    """

    server: str | None = None
    token: str | None = None
    token_file: Path | None = None
    folder: Path | None = None
    sandbox: Literal["bubblewrap", "plain"] = "bubblewrap"
    build_uid: int = Field(default=61616, gt=0)
    claim_wait: timedelta = timedelta(seconds=10)
    environments: dict[str, str] = {}
    environment_folder: Path = Path("/var/lib/wheelyard/environments")
    helper: tuple[str, ...] | None = None


class Settings(BaseSettings):
    """Everything that can be set, with a default for each."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Path = Path("data")
    """The folder of the embedded database and the folder store."""

    database_url: str | None = None
    """An SQLAlchemy URL; by default an SQLite file in the data folder."""

    store_url: str | None = None
    """`file:///folder`, `memory://` or `s3://bucket/prefix`; by default a folder in `data`."""

    contents_folder: Path | None = None
    """Where the indexes of Debian's files are; by default `contents` in the data folder."""

    host: str = "127.0.0.1"
    """The address that the web process listens on."""

    port: int = Field(default=8087, ge=0, le=65535)
    """The port that the web process listens on."""

    public_url: str | None = None
    """The URL that people and builders use, where it is not `http://host:port/`."""

    contact: str = "operator of a wheelyard"
    """Who runs this service: sent to upstream in the User-Agent."""

    targets: tuple[str, ...] = ()
    """The names of the targets that wheels are made for, `raspberry-pi` for those of the Pi family;
    by default the machine itself."""

    releases: dict[_ReleaseName, _Glibc] = {}
    """Distribution releases that this version does not know, and their C libraries: `2.43`."""

    upstream: UpstreamSettings = UpstreamSettings()
    policy: PolicySettings = PolicySettings()
    healing: HealingSettings = HealingSettings()
    publish: PublishSettings = PublishSettings()
    site: SiteSettings = SiteSettings()
    provenance: ProvenanceSettings = ProvenanceSettings()
    queue: QueueSettings = QueueSettings()
    limits: LimitsSettings = LimitsSettings()
    downloads: DownloadsSettings = DownloadsSettings()
    builder: BuilderSettings = BuilderSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments first, then the environment, then the file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=_settings_file())
        return init_settings, env_settings, file

    @property
    def change_sources(self) -> tuple[SourceName, ...]:
        """The change sources to use, the preferred one first."""
        if self.upstream.sources is not None:
            return self.upstream.sources
        if self.policy.follow == "everything":
            return ("changelog", "serial-list", "project-poll")
        return ("changelog", "project-poll")

    @property
    def contents(self) -> Path:
        """The folder of the indexes of Debian's files."""
        return (self.contents_folder or self.data / "contents").absolute()

    @property
    def signing_key_file(self) -> Path:
        """Where the key is that signs where wheels come from."""
        return self.provenance.key_file or self.data.absolute() / "signing-key.pem"

    @property
    def server_url(self) -> str:
        """The URL of the web process, with a slash at its end."""
        return self.public_url or f"http://{self.host}:{self.port}/"


def load(**overrides: object) -> Settings:
    """Read the settings; `overrides` win over the environment and the file.

    Raises:
        InvalidSetting: if a key is unknown or a value is not valid, naming each of them.
    """
    file = _settings_file()
    if os.environ.get(_FILE_VARIABLE) and not file.is_file():
        raise InvalidSetting(file, f"{_FILE_VARIABLE} names a file that is not there")
    _refuse_unknown_variables()
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type] # validated by pydantic
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidSetting(wrong, "See docs/operations.md for what can be set") from None
    except ValueError as error:
        raise InvalidSetting(f"{file}: {error}") from None
    for channel, glibc in settings.releases.items():
        major, _, minor = glibc.partition(".")
        add_release(channel, (int(major), int(minor)))
    return settings


def _settings_file() -> Path:
    return Path(os.environ.get(_FILE_VARIABLE, _DEFAULT_FILE))


def _refuse_unknown_variables() -> None:
    for variable in os.environ:
        if not variable.startswith(_PREFIX) or variable == _FILE_VARIABLE:
            continue
        key = variable.removeprefix(_PREFIX).lower().partition("__")[0]
        if key not in Settings.model_fields:
            known = ", ".join(sorted(Settings.model_fields))
            raise InvalidSetting(variable, f"Known settings: {known}")
