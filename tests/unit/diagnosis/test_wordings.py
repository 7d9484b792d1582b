# ruff: noqa: E501 - lines of logs stay as tools print them
import pytest

from pip_output import failing_build
from wheelyard.diagnosis.cause import CauseKind as K
from wheelyard.diagnosis.diagnosis import diagnose

STOP = "error: command '/usr/bin/gcc' failed with exit code 1"
PYX = "Error compiling Cython file:"

SYSTEM = [
    (K.MISSING_PKG_CONFIG, "gobject-introspection-1.0.pc", "subprocess.CalledProcessError: Command '('pkg-config', '--print-errors', '--exists', 'gobject-introspection-1.0 >= 1.56.0')' returned non-zero exit status 1."),
    (K.AUTHOR_MESSAGE, "GTK+", "configure: error: The development files for GTK+ were not found."),
    (K.AUTHOR_MESSAGE, "lapack", "numpy.distutils.system_info.NotFoundError: No lapack/blas resources found. Note: Accelerate is gone."),
    (K.AUTHOR_MESSAGE, "freetype", "The following required packages can not be built:", "* freetype, png"),
    (K.AUTHOR_MESSAGE, "netCDF", "ValueError: Did not find netCDF version 4 headers."),
    (K.AUTHOR_MESSAGE, "BLAS", "Could not find a functional BLAS. Run with --with-blas-lib=<lib>"),
    (K.AUTHOR_MESSAGE, "GEOS", "GEOS 3.3.3 must be installed."),
    (K.AUTHOR_MESSAGE, "libxml2", "Could not find function xmlCheckVersion in library libxml2. Is libxml2 installed?"),
    (K.MISSING_HEADER, "ft2build.h", "* freetype: no  [The C/C++ header for freetype (ft2build.h) could not be found.]"),
    (K.MISSING_HEADER, "mpi.h", "_configtest.c:2:10: fatal error: mpi.h: No such file or directory", "error: Cannot compile MPI programs. Check your configuration!!!", *(["Ask your administrator."] * 20)),
    (K.MISSING_HEADER, "Python.h", "You need to install the Python development headers (python3-dev)"),
    (K.MISSING_CONFIG_TOOL, "llvm-config", "RuntimeError: llvm-config failed executing, please point LLVM_CONFIG to the path for llvm-config"),
    (K.MISSING_CONFIG_TOOL, "sdl2-config", "/bin/sh: 1: sdl2-config: not found", "Package freetype2 was not found in the pkg-config search path.", *(["Hunting dependencies..."] * 20), 'RuntimeError: Unable to run "sdl-config".'),
    (K.MISSING_CONFIG_TOOL, "sdl-config", "/bin/sh: 1: sdl-config: not found", *(["Hunting dependencies..."] * 20), "/bin/sh: 1: freetype-config: not found", 'Unable to run "sdl-config". Please make sure a development version of SDL is installed.'),
    (K.MISSING_HEADER, "nss.h", "ValueError: unable to locate include directory containing header files ['nss.h', 'pk11pub.h']"),
    (K.MISSING_PROGRAM, "protoc", "RuntimeError: Please install the proto buffer compiler."),
    (K.MISSING_PROGRAM, "autoreconf", "/tmp/x/spam/autogen.sh: 3: autoreconf: not found", "subprocess.CalledProcessError: Command '['/tmp/x/spam/autogen.sh']' returned non-zero exit status 127."),
    (K.MISSING_PROGRAM, "cmake", "../make-share.sh: 21: cmake: not found", "error: can't copy 'src/build/libspam.so': doesn't exist or not a regular file"),
    (K.MISSING_PROGRAM, "cmake", 'AssertionError: Could not find "cmake" executable!'),
    (K.MISSING_PROGRAM, "gfortran", "error: library dfftpack has Fortran sources but no Fortran compiler found"),
    (K.MISSING_PROGRAM, "gfortran", "numpy.distutils.fcompiler.CompilerNotFound: gnu95: f90 nor f77"),
    (K.MISSING_PROGRAM, "nvcc", "RuntimeError: nvcc was not found. Are you sure your environment has it?"),
    (K.WANTS_NETWORK, "api.example", "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.example', port=443): Max retries exceeded (Caused by NewConnectionError('Failed to establish a new connection: [Errno -2] Name or service not known'))"),
    (K.WANTS_NETWORK, None, "Could not download the C core of eggs."),
    (K.OUT_OF_MEMORY, "gcc", "error: command '/usr/bin/gcc' terminated by signal 9"),
    (K.OUT_OF_MEMORY, "gcc", "error: command '/usr/bin/gcc' failed with exit code -9"),
    (K.AUTHOR_MESSAGE, "OpenSSL", "Fatal error: OpenSSL could not be detected!"),
    (K.AUTHOR_MESSAGE, "PARI", "configure: error: could not find PARI"),
    (K.AUTHOR_MESSAGE, "Oracle", "DistutilsSetupError: cannot locate an Oracle software installation"),
    (K.AUTHOR_MESSAGE, "Blas", "numpy.distutils.system_info.BlasNotFoundError"),
    (K.AUTHOR_MESSAGE, "MagickWand", "OSError: MagickWand shared library not found."),
    (K.AUTHOR_MESSAGE, "freetype", "windowing: no  [Microsoft Windows only]", "gtk3agg: no  [Requires pygobject to be installed.]", "The following required packages can not be built:", "* freetype, png"),
    (K.AUTHOR_MESSAGE, "eigen3", "Checking for 'eigen3'      : not found", "The configuration failed"),
    (K.LIBRARY_TOO_OLD, "cairo", "Requested 'cairo >= 1.18' but version of cairo is 1.16.0", "configure: error: no eggs"),
    (K.LIBRARY_TOO_OLD, "glib-2.0", "Package 'glib-2.0' has version '2.74.6', required version is '>= 2.80'"),
    (K.LIBRARY_TOO_OLD, "Boost", "CMake Error at FindPackageHandleStandardArgs.cmake:230 (message):", '  Could NOT find Boost: Found unsuitable version "1.74.0", but required is at least "1.80"'),
    (K.LIBRARY_TOO_OLD, "fmt", "CMake Error at CMakeLists.txt:9 (find_package):", '  Could not find a configuration file for package "fmt" that is compatible with', '  requested version "11".'),
    (K.LIBRARY_TOO_OLD, "libgit2", "src/utils.h:44:2: error: #error You need a compatible libgit2 version (1.9.x)", STOP),
    (K.LIBRARY_TOO_OLD, "librdkafka", 'a.h:66:2: error: #error "confluent-kafka-python requires librdkafka v2.6.0 or later. Install it."', STOP),
    (K.LIBRARY_TOO_OLD, "libgdal", "Exception: Python bindings of GDAL 3.12.0 require at least libgdal 3.12.0, but 3.6.2 was found"),
    (K.LIBRARY_TOO_OLD, "HDF5", "RuntimeError: spam requires HDF5 >= 1.14, found 1.10.8"),
    (K.MISSING_LIBRARY, "-lz", "Checking for library z  : not found", "The configuration failed"),
    (K.MISSING_HEADER, "sndfile.h", "Checking for header sndfile.h : not found", "The configuration failed"),
    (K.MISSING_PROGRAM, "doxygen", "Checking for 'eggs' : not found", "Checking for 'ham' : yes", "Checking for 'spam' : yes", "Checking for 'rye' : yes", "Checking for program 'doxygen' : not found", "The configuration failed"),
    (K.INCOMPLETE_SDIST, "cannot find sources (setup.py) in . or .", "configure: error: cannot find sources (setup.py) in . or .."),
    (K.MISSING_HEADER, "Python.h", "configure: error: Could not find python headers"),
    (K.MISSING_CONFIG_TOOL, "gdal-config", "A GDAL API version must be specified. Provide a path to gdal-config using a GDAL_CONFIG environment variable"),
    (K.MISSING_CONFIG_TOOL, "net-snmp-config", "OSError: net-snmp-config command not found"),
    (K.MISSING_PROGRAM, "pkg-config", "xmlsec.Error: Unable to invoke pkg-config."),
    (K.MISSING_PROGRAM, "qmake", "Error: Make sure you have a working Qt qmake on your PATH."),
    (K.MISSING_PROGRAM, "qmake", "    raise PyProjectOptionException('qmake',", "sipbuild.pyproject.PyProjectOptionException"),
    (K.MISSING_PROGRAM, "protoc", "RuntimeError: The Protobuf compiler, `protoc`, which is required for building this package, could not be found."),
    (K.MISSING_PROGRAM, "gp", "error: cannot find an installation of PARI/GP: make sure that the 'gp' program is in your $PATH"),
    (K.MISSING_PROGRAM, "R", "error: Tried to guess R's HOME but no command 'R' in the PATH."),
    *((K.MISSING_PROGRAM, "javac", line) for line in ("RuntimeError: JAVA_HOME is not set", "ValueError: JVM not found. Try setting up", "Exception: Unable to find JAVA_HOME", "Java JDK directory '/usr/lib/jvm/x' does not exist.", "Exception: Error finding javahome on linux: ['bash']", "Please set the environment variable JAVA_HOME to a path containing the JDK.")),
    (K.MISSING_PKG_CONFIG, "libhs.pc", "Could not find pkg-config package 'libhs'"),
    (K.MISSING_LIBRARY, "augeas", "OSError: ctypes.util.find_library() did not manage to locate a library called 'augeas'"),
    (K.MISSING_PKG_CONFIG, "vips.pc", 'Exception: unable to find pkg-config package "vips"'),
    (K.MISSING_LIBRARY, "cairo-2", 'OSError: no library called "cairo-2" was found'),
    (K.MISSING_LIBRARY, "lzo2", "../meson.build:12:0: ERROR: C library 'lzo2' not found"),
    (K.MISSING_CMAKE_PACKAGE, "CURL", "CMake Error at FindPackageHandleStandardArgs.cmake:230 (message):", "  Could NOT find CURL (missing: CURL_LIBRARY CURL_INCLUDE_DIR)"),
    (K.MISSING_PROGRAM, "git", "gmake: Makefile: No such file or directory", "CMake Error at ExternalProject.cmake:2790 (message):", "  error: could not find git for clone of eggs-populate"),
    (K.WANTS_NETWORK, "eggs.example", "Downloading https://eggs.example/sdk.tar.gz", *(['  File "/usr/lib/python3.11/http/client.py", line 1, in x'] * 20), "socket.gaierror: [Errno -2] Name or service not known"),
    (K.WANTS_NETWORK, "crates.io", "error: no matching package named `libc` found"),
    (K.WRONG_OS, "sw_vers", "Traceback (most recent call last):", "FileNotFoundError: [Errno 2] No such file or directory: '/usr/bin/sw_vers'"),
    (K.WRONG_OS, "WindowsError", "NameError: name 'WindowsError' is not defined"),
    (K.DELIBERATE, "eggs", "RuntimeError: pip install eggs is not supported, please use ham"),
    (K.DELIBERATE, "python-eggs", "ERROR: python-eggs is not the package you're looking for"),
]  # fmt: skip

PYTHON = [
    (K.PYTHON_API, "pystrhex.h", "a.c:78:10: fatal error: pystrhex.h: No such file or directory", STOP),
    (K.PYTHON_API, "internal/pycore_frame.h", "a.c:78:10: fatal error: internal/pycore_frame.h: No such file or directory", STOP),
    (K.PYTHON_API, "PyTypeObject.tp_print", "a.c:78:10: error: 'PyTypeObject' {aka 'struct _typeobject'} has no member named 'tp_print'", STOP),
    (K.PYTHON_API, "longintrepr.h", "vers.c:4:10: fatal error: spam.h: No such file or directory", STOP, "I will now build spam itself", "a.c:1:10: fatal error: longintrepr.h: No such file or directory", STOP),
    (K.COMPILE_ERROR, "./spam.cpp", "/usr/include/eggs.h:266:40: error: expected '(' before 'EGGS'", "./spam.cpp:2751:5: error: 'else' without a previous 'if'", STOP),
    (K.COMPILE_ERROR, "src/reduce.c", "src/reduce.c: In function 'reducer':", "/usr/include/python3.11/object.h:266:40: error: expected '(' before 'X'", "src/reduce.c:2830:8: note: in expansion of macro 'PyArray_Check'", STOP),
    (K.CYTHON3, "Cython", PYX, "spam/a.pxi:33:24: Reference-counted type 'int[:]' cannot be used as a template argument"),
    (K.PYTHON_REFUSED, ">=3.8,<3.12", "RuntimeError: only versions >=3.8,<3.12 are supported."),
    (K.NUMPY_API, "numpy.int_t", PYX, "cdef np.ndarray[np.int_t, ndim=1] ignore", "   ^", "-----", "a/b.pyx:74:23: Invalid type."),
    (K.CYTHON3, "std_memory.pxd", PYX, "rocksdb/_rocksdb.pyx:15:0: 'std_memory.pxd' not found"),
    (K.MISSING_BUILD_DEPENDENCY, "numpy", PYX, "a/b.pyx:15:0: 'numpy.pxd' not found"),
    (K.COMPILE_ERROR, "a/b.pyx", PYX, "a/b.pyx:15:0: Expected an identifier", "Cython.Compiler.Errors.CompileError: a/b.pyx"),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "RuntimeError: Running cythonize failed!  Cython not found"),
    (K.MISSING_BUILD_DEPENDENCY, "pybind11", "RuntimeError: pybind11 not found. Please install pybind11"),
    (K.SETUPTOOLS_REMOVED, "distutils.log.Log", "ImportError: cannot import name 'Log' from 'distutils.log' (/usr/lib/python3.11/distutils/log.py)"),
    (K.INCOMPLETE_SDIST, "requirements.txt", "Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'"),
    (K.INCOMPLETE_SDIST, "README.md", "FileNotFoundError: [Errno 2] No such file or directory: '/tmp/pip-install-x/spam_0123456789abcdef0123456789abcdef/README.md'"),
    (K.PYTHON2_ONLY, "Python 2", "Python 2.7 is required"),
    (K.PYTHON_REFUSED, "Python 3.6 - 3.9", "Sorry, this package only supports Python 3.6 - 3.9"),
    (K.PYTHON_REFUSED, "Python 3.14 and upwards", "Only Python 3.14 and upwards are supported."),
    (K.WRONG_OS, "Visual C++", "error: Microsoft Visual C++ 14.0 or greater is required. Get it"),
    (K.WRONG_OS, "Visual C++", "error: Unable to find vcvarsall.bat"),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "error: Unable to find any valuable Cython version that match: 0.23 <= version <= 0.29"),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "Cython>=0.22 and NumPy are required."),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "ImportError: Cython >= 0.29 is required"),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "Fatal: Cython needed to compile pyzmq"),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "error: unknown file type '.pyx' (from 'spam/a.pyx')"),
    (K.MISSING_BUILD_DEPENDENCY, "numpy", ".. ERROR:: You need NumPy 1.9.3 or greater to run this."),
    (K.SETUPTOOLS_REMOVED, "install_layout", "AttributeError: install_layout. Did you mean: 'install_platlib'?"),
    (K.BUILD_TOOL_CHANGED, "pip", "ModuleNotFoundError: No module named 'pip.req'"),
    (K.BUILD_TOOL_CHANGED, "pip", "AttributeError: 'ParsedRequirement' object has no attribute 'req'"),
    (K.PYTHON_REFUSED, "Python 3.9", "error: Python 3.9 or less required"),
    (K.PYTHON_REFUSED, ">=3.12", "ImportError: cannot import name 'override' from 'typing' (/usr/lib/python3.11/typing.py)"),
    (K.PYTHON_REFUSED, ">=3.14", "ModuleNotFoundError: No module named 'annotationlib'"),
    (K.PYTHON_REFUSED, ">=3.12", "    def f[T](x: T) -> T:", "         ^", "SyntaxError: expected '('"),
    (K.PYTHON_TOO_NEW, "async", "    spam(async=True)", "         ^^^^^", "SyntaxError: invalid syntax"),
    (K.PYTHON_TOO_NEW, "syntax", "SyntaxError: Generator expression must be parenthesized"),
    (K.PYTHON2_ONLY, "syntax", "    print >>sys.stderr, 'x'", "    ^", "SyntaxError: invalid syntax"),
    (K.PYTHON2_ONLY, "dict_keys", "TypeError: 'dict_keys' object is not subscriptable"),
    (K.PYTHON2_ONLY, "func_globals", "AttributeError: 'function' object has no attribute 'func_globals'"),
    (K.PYTHON2_ONLY, "bytes", "TypeError: endswith first arg must be bytes or a tuple of bytes, not str"),
    (K.PYTHON2_ONLY, "bytes", "TypeError: a bytes-like object is required, not 'str'"),
    (K.PYTHON2_ONLY, "Python 2", "    assert sys.version_info < (3,)", "AssertionError"),
    (K.DISTUTILS_REMOVED, "distutils.command.bdist_wininst", "ModuleNotFoundError: No module named 'distutils.command.bdist_wininst'"),
    (K.DELIBERATE, "skimage", "*** Please install the `scikit-image` package (instead of `skimage`) ***"),
]  # fmt: skip


@pytest.mark.parametrize("case", [*SYSTEM, *PYTHON], ids=lambda case: f"{case[0]}-{case[1]}")
def test_words_of_real_tools_and_people_are_understood(case: tuple[K, str | None, str]) -> None:
    kind, subject, *lines = case
    first = diagnose(failing_build(*lines), exit_status=1)[0]
    assert (first.kind, first.subject) == (kind, subject)


def test_every_module_that_pkg_config_lacks_is_named() -> None:
    causes = diagnose(
        failing_build(
            "Package libham was not found in the pkg-config search path.",
            "Package 'libham', required by 'virtual:world', not found",
            "Package 'libeggs', required by 'virtual:world', not found",
        )
    )
    assert [cause.subject for cause in causes] == ["libham.pc", "libeggs.pc"]


def test_what_may_be_installed_on_one_system_or_another_is_not_all_missing() -> None:
    causes = diagnose(
        failing_build(
            "_configtest.c:2:10: fatal error: mpi.h: No such file or directory",
            "error: Cannot compile MPI programs. Check your configuration!!!",
            "  $ sudo dnf install mpich-devel     # for MPICH",
            "  $ sudo apt install libopenmpi-dev  # for Open MPI",
        )
    )
    assert [cause.subject for cause in causes] == ["mpi.h", "MPI"]


def test_every_part_of_boost_that_cmake_lacks_is_named() -> None:
    causes = diagnose(
        failing_build(
            "CMake Error at FindPackageHandleStandardArgs.cmake:230 (message):",
            "  Could NOT find Boost (missing: Boost_INCLUDE_DIR python39 filesystem)",
        )
    )
    assert [cause.subject for cause in causes] == ["Boost", "-lboost_python", "-lboost_filesystem"]


def test_a_part_of_distutils_comes_back_with_nothing() -> None:
    whole, part = (
        diagnose(failing_build(f"ModuleNotFoundError: No module named '{name}'"))[0].remedy
        for name in ("distutils", "distutils.command.bdist_wininst")
    )
    assert whole is not None
    assert part is None


def test_output_that_was_printed_as_one_string_is_unfolded() -> None:
    folded = (
        "b'make: Entering\\na.c:3:10: fatal error: egg.h: No such file or directory\\nError 1\\n'"
    )
    (cause,) = diagnose(failing_build("Output was:", folded))
    assert (cause.kind, cause.subject, cause.evidence) == (K.MISSING_HEADER, "egg.h", (8,))


def test_variables_of_headers_are_defined_once_again_by_the_rule_of_older_compilers() -> None:
    line = (
        "/usr/bin/ld: b.o:/x/{0}: multiple definition of `counter'; a.o:/x/{0}: first defined here"
    )
    in_header, in_source = (
        diagnose(failing_build(line.format(place), STOP))[0].remedy for place in ("b.h:3", "b.c:3")
    )
    assert in_source is None
    assert in_header is not None
    assert in_header.environment == {"CFLAGS": "-fcommon"}


def test_a_version_that_never_was_is_not_one_that_another_python_could_have() -> None:
    log = """\
ERROR: Ignored the following versions that require a different python version: 2.20.0 Requires-Python >=3.12
ERROR: Could not find a version that satisfies the requirement spam==2.0 (from versions: 2.11.0, 2.12.0)
ERROR: No matching distribution found for spam==2.0
"""
    first = diagnose(log, exit_status=1)[0]
    assert (first.kind, first.subject) == (K.NO_SUCH_VERSION, "spam==2.0")


def test_the_last_line_of_pip_alone_tells_that_there_is_no_such_version() -> None:
    first = diagnose("ERROR: No matching distribution found for spam==1.0\n", exit_status=1)[0]
    assert (first.kind, first.subject) == (K.NO_SUCH_VERSION, "spam==1.0")


def test_what_stands_in_a_program_that_pip_prints_is_no_message() -> None:
    log = """\
  WARNING: Legacy build of wheel for 'spam' created no files.
  Command arguments: /usr/bin/python3 -u -c '
  # - It provides a clear error message when setuptools is not installed.
          "ERROR: Can not execute `setup.py` since setuptools is not available in "
  Command output: [use --verbose to show]
ERROR: Failed to build one or more wheels
"""
    assert [cause.kind for cause in diagnose(log, exit_status=1)] == [K.UNKNOWN]
