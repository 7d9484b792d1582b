"""What a build wanted from the system and did not find."""

from dataclasses import dataclass
from enum import StrEnum


class WantedKind(StrEnum):
    """The kinds of things that a package of the distribution may bring."""

    HEADER = "header"
    """As it is included: `libxml/xmlversion.h`, `Python.h`, `Eigen/Core`."""

    TOP_HEADER = "top-header"
    """A header whose name was only guessed: nowhere but where compilers look by themselves."""

    LIBRARY = "library"
    """As the linker is asked for it, without `-l`, `lib` and ending: `hdf5`, `usb-1.0`."""

    PKG_CONFIG = "pkg-config"
    """A module of pkg-config, without `.pc`: `cairo`, `glib-2.0`."""

    CMAKE_PACKAGE = "cmake-package"
    """As `find_package` is asked for it: `OpenSSL`, `Qt5Core`."""

    PROGRAM = "program"
    """As it is started, without a folder: `swig`, `pg_config`."""

    AUTOCONF_MACRO = "autoconf-macro"
    """A macro of an `.m4` file: `AM_PATH_GTK_2_0`."""

    FILE = "file"
    """The end of a path, with or without folders: `libclang.so`, `site.cfg`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a build wanted; `name` comes from a log, so it may be any text at all."""

    kind: WantedKind
    name: str
