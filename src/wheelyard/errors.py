"""Every error that wheelyard raises on purpose.

    WheelyardError                      exit status 1
    ├── BadInput                        2: what a person or another program handed over
    │   ├── InvalidName                    names of projects, targets, files
    │   ├── InvalidSetting                 configuration
    │   ├── InvalidPage                    an index page that cannot be read
    │   ├── InvalidRecipe                  what somebody wrote about the needs of a project
    │   └── InvalidRequirements            a file that asks for projects
    ├── Unavailable                     3: something that may work later
    │   ├── UpstreamUnavailable            the upstream index
    │   ├── DatabaseUnavailable            the database
    │   ├── StoreFull                      no room in the store
    │   ├── ServerUnavailable              the wheelyard server, seen from a builder
    │   ├── CacheUnavailable               the cache in front of the server
    │   ├── EnvironmentUnusable            an environment that is broken, in use or cannot be made
    │   └── ArchiveUnusable                Debian's archives, out of reach or not as signed
    ├── NotFound                        4
    │   ├── UnknownProject                 upstream has no such project
    │   ├── UnknownTarget                  no such target is configured
    │   ├── SourceMissing                  the index does not tell of changes in this way
    │   ├── NotStored                      the store has no such object
    │   ├── UnknownEnvironment             no such environment was made on this machine
    │   ├── PackagesMissing                Debian packages that are not there, or conflict
    │   └── ContentsMissing                no index of Debian's files for an environment
    ├── Refused                         5: asked for something that must not be done
    │   ├── Unauthorized                   a wrong, expired or revoked token
    │   ├── LeaseLost                      the lease has expired or belongs to somebody else
    │   ├── AskedTooOften                  more than visitors may ask for in an hour
    │   ├── UploadRefused                  bytes that disagree with what was announced
    │   ├── SandboxMissing                 no sandbox, and none may be done without
    │   ├── LibraryMissing                 a library that only few need is not installed
    │   ├── NotVerified                    a file that is not what a server has signed
    │   └── RootNeeded                     mounts and packages need the rights of root
    ├── Stopped                         1: work that ends early because somebody asked for it
    └── HostileContent                  6: an archive or a wheel that must not be used

The first line of a class's docstring is its message; the value at fault and a piece of advice
are added to it. A build that fails is no error: it is a `wheelyard.model.build.Failure`.
"""


class WheelyardError(Exception):
    """Something that wheelyard reckons with went wrong."""

    exit_code = 1

    def __init__(self, subject: object, advice: str = "") -> None:
        """Say what is at fault (`subject`) and what can be done about it (`advice`)."""
        super().__init__(subject, advice)
        self.subject = subject
        self.advice = advice

    def __str__(self) -> str:
        headline = (self.__doc__ or "").partition("\n")[0].rstrip(".")
        message = f"{headline}: {self.subject}"
        return f"{message}. {self.advice}" if self.advice else message


class BadInput(WheelyardError):
    """What was handed over cannot be used."""

    exit_code = 2


class InvalidName(BadInput):
    """This is not a valid name."""


class InvalidSetting(BadInput):
    """A setting is not valid."""


class InvalidPage(BadInput):
    """An index page cannot be read."""


class InvalidRecipe(BadInput):
    """A recipe cannot be used."""


class InvalidRequirements(BadInput):
    """The file's requirements cannot be read."""


class Unavailable(WheelyardError):
    """Something that is needed does not answer; it may later."""

    exit_code = 3


class UpstreamUnavailable(Unavailable):
    """The upstream index does not answer as it should.

    `retry_after` is the number of seconds that it asked us to wait, if it did.
    """

    def __init__(
        self, subject: object, advice: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(subject, advice)
        self.retry_after = retry_after


class DatabaseUnavailable(Unavailable):
    """The database cannot be used."""


class StoreFull(Unavailable):
    """The store has no room left."""


class ServerUnavailable(Unavailable):
    """The wheelyard server does not answer as it should."""


class CacheUnavailable(Unavailable):
    """The cache in front of this server cannot be told to forget."""


class EnvironmentUnusable(Unavailable):
    """The environment cannot be used."""


class ArchiveUnusable(Unavailable):
    """The Debian archive does not answer as it should."""


class NotFound(WheelyardError):
    """This does not exist."""

    exit_code = 4


class UnknownProject(NotFound):
    """The upstream index has no such project."""


class UnknownTarget(NotFound):
    """No such target is configured."""


class SourceMissing(NotFound):
    """The upstream index does not tell of changes in this way."""


class NotStored(NotFound):
    """The store holds no such object."""


class UnknownEnvironment(NotFound):
    """No such environment has been made on this machine."""


class PackagesMissing(NotFound):
    """These Debian packages cannot be installed."""


class ContentsMissing(NotFound):
    """Which Debian package holds which file is not known for this environment."""


class Refused(WheelyardError):
    """This must not be done."""

    exit_code = 5


class Unauthorized(Refused):
    """The token is wrong, expired or revoked."""


class AskedTooOften(Refused):
    """Enough has been asked for in this hour."""


class LeaseLost(Refused):
    """The lease on this build has expired or belongs to another builder."""


class UploadRefused(Refused):
    """An upload disagrees with what was announced."""


class SandboxMissing(Refused):
    """Builds cannot be isolated on this machine."""


class LibraryMissing(Refused):
    """A library that only few need is not installed."""


class NotVerified(Refused):
    """It cannot be shown where this file comes from."""


class RootNeeded(Refused):
    """Only root may do this."""


class Stopped(WheelyardError):
    """This was told to stop."""


class HostileContent(WheelyardError):
    """An archive holds what it must not hold."""

    exit_code = 6
