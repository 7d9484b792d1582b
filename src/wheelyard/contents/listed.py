"""What no list of files tells: links made at installation, and which of several is meant."""

import re

from wheelyard.contents.debian_names import NOT_IN_DEBIAN
from wheelyard.model.wanted import Wanted, WantedKind

_JAVA = ("default-jdk-headless",)
_MYSQL = ("default-libmysqlclient-dev",)
_PYTHON = ("python3-dev",)
_PKG_CONFIG = ("pkg-config",)

_PROGRAMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("java", "javac", "jar", "javah", "javadoc"), _JAVA),
    **dict.fromkeys(("cc", "c89", "c99"), ("gcc",)),
    **dict.fromkeys(("f77", "f90", "f95", "fortran", "g77"), ("gfortran",)),
    **dict.fromkeys(
        ("mpicc", "mpicxx", "mpic++", "mpif77", "mpif90", "mpifort"), ("libopenmpi-dev",)
    ),
    **dict.fromkeys(("mpirun", "mpiexec"), ("openmpi-bin",)),
    **dict.fromkeys(("qmake", "moc", "uic", "rcc"), ("qtbase5-dev", "qt5-qmake", "qtchooser")),
    **dict.fromkeys(("pkg-config", "pkgconf"), _PKG_CONFIG),
    **dict.fromkeys(("automake", "aclocal"), ("automake",)),
    **dict.fromkeys(("autoconf", "autoreconf", "autoheader"), ("autoconf",)),
    "MagickWand-config": ("libmagickwand-dev",),
    "Magick-config": ("libmagickcore-dev",),
    "awk": ("gawk",),
    "c++": ("g++",),
    "clang": ("clang",),
    "krb5-config": ("libkrb5-dev",),
    "lex": ("flex",),
    "libtool": ("libtool-bin",),
    "libtoolize": ("libtool",),
    "mysql_config": _MYSQL,
    "mvn": ("maven",),
    "nc": ("netcat-openbsd",),
    "ninja": ("ninja-build",),
    "perl": ("perl",),
    "python3-config": _PYTHON,
    "tclsh": ("tcl",),
    "wish": ("tk",),
    "yacc": ("bison",),
    # What Debian has under this name is a program of another purpose.
    "yarn": (),
}
_HEADERS: dict[str, tuple[str, ...]] = {
    "boost/python.hpp": ("libboost-python-dev",),
    "boost/python/numpy.hpp": ("libboost-numpy-dev", "libboost-python-dev"),
    "jni.h": _JAVA,
    "mpi.h": ("libopenmpi-dev",),
    "mysql.h": _MYSQL,
    "mysql/mysql.h": _MYSQL,
}
_LIBRARIES: dict[str, tuple[str, ...]] = {
    "OpenCL": ("ocl-icd-opencl-dev",),
    "gfortran": ("gfortran",),
    "gomp": ("gcc",),
    "mysqlclient": _MYSQL,
    "stdc++": ("g++",),
}
_PKG_CONFIG_MODULES: dict[str, tuple[str, ...]] = {
    "blas": ("libblas-dev",),
    "cblas": ("libblas-dev",),
    "hdf5": ("libhdf5-dev",),
    "lapack": ("liblapack-dev",),
    "mysqlclient": _MYSQL,
    "ompi": ("libopenmpi-dev",),
}
_CMAKE_PACKAGES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Python", "Python3", "PythonLibs", "PythonInterp"), _PYTHON),
    **dict.fromkeys(("Java", "JNI"), _JAVA),
    **dict.fromkeys(("OpenMP", "Threads", "CUDA", "CUDAToolkit", "MKL"), ()),
    "BISON": ("bison",),
    "BZip2": ("libbz2-dev",),
    "Clang": ("libclang-dev",),
    "Doxygen": ("doxygen",),
    "FLEX": ("flex",),
    "Git": ("git",),
    "MPI": ("libopenmpi-dev",),
    "OpenCL": ("ocl-icd-opencl-dev",),
    "OpenGL": ("libgl-dev",),
    "Perl": ("perl",),
    "PkgConfig": _PKG_CONFIG,
    "SWIG": ("swig",),
}
_MACROS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("am_init_automake", "am_path_python"), ("automake",)),
    **dict.fromkeys(("lt_init", "ac_prog_libtool", "am_prog_libtool"), ("libtool",)),
    **dict.fromkeys(("am_gnu_gettext", "am_iconv", "am_nls"), ("gettext",)),
    **dict.fromkeys(("pkg_check_modules", "pkg_prog_pkg_config", "pkg_installdir"), _PKG_CONFIG),
    **dict.fromkeys(("ac_prog_intltool", "it_prog_intltool"), ("intltool",)),
    **dict.fromkeys(
        ("gobject_introspection_check", "gobject_introspection_require"),
        ("libgirepository1.0-dev",),
    ),
    **dict.fromkeys(("lt_lib_ltdl", "ltdl_init"), ("libltdl-dev",)),
    "am_path_glib_2_0": ("libglib2.0-dev",),
    "am_path_gpg_error": ("libgpg-error-dev",),
    "am_path_gpgme": ("libgpgme-dev",),
    "am_path_gtk_2_0": ("libgtk2.0-dev",),
    "am_path_gtk_3_0": ("libgtk-3-dev",),
    "am_path_libgcrypt": ("libgcrypt20-dev",),
    "am_path_sdl": ("libsdl1.2-dev",),
    "am_path_sdl2": ("libsdl2-dev",),
    "am_path_xml2": ("libxml2-dev",),
    "gtk_doc_check": ("gtk-doc-tools",),
    "libcurl_check_config": ("libcurl4-openssl-dev",),
}
_OF_PYTHON = re.compile(r"(?:-?py)?\d+(?:-mt)?$|-mt$")
"""What the names of libraries of Boost end with, for one Python or another."""

_TABLES: dict[WantedKind, dict[str, tuple[str, ...]]] = {
    WantedKind.HEADER: _HEADERS,
    WantedKind.TOP_HEADER: _HEADERS,
    WantedKind.LIBRARY: _LIBRARIES,
    WantedKind.PKG_CONFIG: _PKG_CONFIG_MODULES,
    WantedKind.CMAKE_PACKAGE: _CMAKE_PACKAGES,
    WantedKind.PROGRAM: _PROGRAMS,
    WantedKind.AUTOCONF_MACRO: _MACROS,
    WantedKind.FILE: {},
}


def listed_packages(wanted: Wanted) -> tuple[str, ...] | None:
    """Return the packages of a thing that is listed here; None if it is not.

    An empty tuple says that no package helps.
    """
    if NOT_IN_DEBIAN.fullmatch(wanted.name) is not None:
        return ()
    name = wanted.name
    match wanted.kind:
        case WantedKind.PROGRAM:
            name = name.rpartition("/")[2]
        case WantedKind.AUTOCONF_MACRO:
            name = name.lower()
        case WantedKind.LIBRARY if name.startswith("boost_"):
            return _boost(f"boost/{_OF_PYTHON.sub('', name.removeprefix('boost_'))}")
        case WantedKind.HEADER if name.startswith("boost/") and name not in _HEADERS:
            return _boost(name)
        case _:
            pass
    return _TABLES[wanted.kind].get(name)


def _boost(header: str) -> tuple[str, ...] | None:
    """Return the package of the part of Boost that has a library: all headers are in another."""
    part = header.split("/")[1].removesuffix(".hpp").replace("_", "-")
    return (f"libboost-{part}-dev",) if part else None
