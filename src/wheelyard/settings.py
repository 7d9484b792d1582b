"""Settings: a TOML file, then environment variables `WHEELYARD_…`; unknown keys are refused."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from wheelyard.errors import InvalidSetting
from wheelyard.model.build import Limits

_PREFIX = "WHEELYARD_"
_FILE_VARIABLE = "WHEELYARD_SETTINGS"
_DEFAULT_FILE = "wheelyard.toml"


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


class UpstreamSettings(_Section):
    """The index that is followed.

    `url` is its simple index (`https://…/simple/`), by default the one that pip or uv is configured
    for; a project's page is read again every `poll`.
    """

    url: str | None = None
    poll: timedelta = timedelta(minutes=10)
    timeout: timedelta = timedelta(seconds=30)


class BuilderSettings(_Section):
    """One builder. `token` is better given as WHEELYARD_BUILDER__TOKEN or in `token_file`.

    `folder` holds caches and work folders (default: chosen by the builder where its build user can
    reach it); `build_uid` is the user that builds run as when the builder is started by root.
    """

    server: str | None = None
    token: str | None = None
    token_file: Path | None = None
    folder: Path | None = None
    sandbox: Literal["bubblewrap", "plain"] = "bubblewrap"
    build_uid: int = Field(default=61616, gt=0)
    claim_wait: timedelta = timedelta(seconds=10)


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

    host: str = "127.0.0.1"
    """The address that the web process listens on."""

    port: int = Field(default=8087, ge=0, le=65535)
    """The port that the web process listens on."""

    public_url: str | None = None
    """The URL that people and builders use, where it is not `http://host:port/`."""

    contact: str = "operator of a wheelyard"
    """Who runs this service: sent to upstream in the User-Agent."""

    targets: tuple[str, ...] = ()
    """The names of the targets that wheels are made for; by default the machine itself."""

    upstream: UpstreamSettings = UpstreamSettings()
    queue: QueueSettings = QueueSettings()
    limits: LimitsSettings = LimitsSettings()
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
        return Settings(**overrides)  # type: ignore[arg-type] # validated by pydantic
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise InvalidSetting(wrong, "See docs/operations.md for what can be set") from None
    except ValueError as error:
        raise InvalidSetting(f"{file}: {error}") from None


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
