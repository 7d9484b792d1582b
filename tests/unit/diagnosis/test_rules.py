# ruff: noqa: E501, RUF001 - lines of logs stay as tools print them
import pytest

from pip_output import failing_build
from wheelyard.diagnosis.cause import CauseKind as K
from wheelyard.diagnosis.diagnosis import RULES, diagnose

STOP = "error: command '/usr/bin/gcc' failed with exit code 1"


def root(*lines: str) -> tuple[K, str | None]:
    """Return kind and subject of what pip prints round the lines of a failing back end."""
    first = diagnose(failing_build(*lines), exit_status=1)[0]
    return first.kind, first.subject


COMPILERS = [
    (K.MISSING_HEADER, "mpif.h", "a.f:12: Error: Can't open included file 'mpif.h'", STOP),
    (K.MISSING_LIBRARY, "zmq", "CMake Error at CMakeLists.txt:9 (find_library):", "  Could not find ZMQ_LIB using the following names: zmq"),
    (K.PYTHON2_ONLY, "str.decode", "AttributeError: 'str' object has no attribute 'decode'"),
    (K.AUTHOR_MESSAGE, "Berkeley DB", "Can't find a local Oracle Berkeley DB installation."),
    (K.MISSING_HEADER, "cups/http.h", "cupsconnection.h:38:10: fatal error: cups/http.h: No such file or directory", STOP),
    (K.MISSING_HEADER, "Eigen/Core", "src/a.cpp:3:10: fatal error: Eigen/Core: No such file or directory", STOP),
    (K.MISSING_HEADER, "lzma.h", "./a.c:1:10: fatal error: 'lzma.h' file not found", STOP),
    (K.MISSING_HEADER, "mpif.h", "a.f90:4: Fatal Error: Can't open included file 'mpif.h'", STOP),
    (K.MISSING_HEADER, "netcdf.mod", "Fatal Error: Cannot open module file 'netcdf.mod' for reading at (1): No such file or directory", STOP),
    (K.MISSING_HEADER, "openssl/opensslconf.h", "/usr/include/openssl/evp.h:12: Error: Unable to find 'openssl/opensslconf.h'", STOP),
    (K.MISSING_HEADER, "Python.h", "src/a.c:1:10: fatal error: Python.h: No such file or directory", STOP),
    (K.MISSING_HEADER, "linux/input.h", "The 'linux/input.h' and 'linux/input-event-codes.h' include files are missing. You will have to install them."),
    (K.MISSING_HEADER, "fftw3.h", "error: Could not find the FFTW header 'fftw3.h'"),
    (K.MISSING_BUILD_DEPENDENCY, "numpy", "a.c:5:10: fatal error: numpy/arrayobject.h: No such file or directory", STOP),
    (K.MISSING_BUILD_DEPENDENCY, "pybind11", "a.cpp:5:10: fatal error: pybind11/pybind11.h: No such file or directory", STOP),
    (K.WRONG_OS, "windows.h", "a.c:5:10: fatal error: windows.h: No such file or directory", STOP),
    (K.WRONG_OS, "CoreFoundation/CoreFoundation.h", "a.m:5:9: fatal error: CoreFoundation/CoreFoundation.h: No such file or directory", STOP),
    (K.WRONG_MACHINE, "emmintrin.h", "a.c:5:10: fatal error: emmintrin.h: No such file or directory", STOP),
    (K.WRONG_MACHINE, "-msse2", "gcc: error: unrecognized command-line option ‘-msse2’", STOP),
    (K.MISSING_HEADER, "Python.h", "SystemError: Cannot compile 'Python.h'. Perhaps you need to install python-dev|python-devel."),
    (K.MISSING_HEADER, "mpi.h", "_configtest.c:2:10: fatal error: mpi.h: No such file or directory", "compilation terminated.", "failure.", "error: Cannot compile MPI programs. Check your configuration!!!"),
    (K.PYTHON_API, "longintrepr.h", "a.c:196:12: fatal error: longintrepr.h: No such file or directory", STOP),
    (K.PYTHON_API, "PyThreadState.exc_type", "a.c:1: note: x", "a.c:19:3: error: ‘PyThreadState’ {aka ‘struct _ts’} has no member named ‘exc_type’", STOP),
    (K.PYTHON_API, "PyFrameObject", "a.c:19:3: error: invalid use of incomplete typedef ‘PyFrameObject’ {aka ‘struct _frame’}", STOP),
    (K.PYTHON_API, "_PyLong_AsByteArray", "a.c:19:3: error: too few arguments to function ‘_PyLong_AsByteArray’", STOP),
    (K.PYTHON_API, "PyUnicode_AS_UNICODE", "a.c:19:3: error: implicit declaration of function ‘PyUnicode_AS_UNICODE’ [-Werror]", STOP),
    (K.PYTHON_API, "Py_TYPE", "a.c:9:17: error: lvalue required as left operand of assignment", "    9 |     Py_TYPE(&T) = &PyType_Type;", STOP),
    (K.PYTHON2_ONLY, "Py_InitModule3", "a.c:19:3: error: implicit declaration of function ‘Py_InitModule3’", STOP),
    (K.PYTHON2_ONLY, "PyString_FromString", "a.c:19:3: error: ‘PyString_FromString’ undeclared (first use in this function)", STOP),
    (K.NUMPY_API, "PyArray_Descr", "a.c:19:3: error: ‘PyArray_Descr’ {aka ‘struct _PyArray_Descr’} has no member named ‘subarray’", STOP),
    (K.COMPILE_ERROR, "src/eggs.c", "/tmp/pip-wheel-abc/spam_0123456789abcdef0123456789abcdef/src/eggs.c:19:3: error: unknown type name ‘eggs_t’", STOP),
    (K.COMPILE_ERROR, "src/a.cc", "src/a.cc:19:3: error: ‘uint32_t’ does not name a type", STOP),
    (K.INCOMPLETE_SDIST, "spam/_fast.c", "gcc: error: spam/_fast.c: No such file or directory", "gcc: fatal error: no input files", STOP),
]  # fmt: skip

LINKERS = [
    (K.MISSING_LIBRARY, "-lhdf5", "/usr/bin/ld: cannot find -lhdf5: No such file or directory", "collect2: error: ld returned 1 exit status", STOP),
    (K.MISSING_LIBRARY, "-lfoo", "ld.lld: error: unable to find library -lfoo", STOP),
    (K.MISSING_LIBRARY, "libusb-1.0.so.0", "ImportError: libusb-1.0.so.0: cannot open shared object file: No such file or directory"),
    (K.LINK_ERROR, "counter", "/usr/bin/ld: b.o:b.h:3: multiple definition of `counter'; a.o:b.h:3: first defined here", STOP),
    (K.LINK_ERROR, "foo_new", "/usr/bin/ld: a.o: in function `make': a.c:3: undefined reference to `foo_new'", "collect2: error: ld returned 1 exit status", STOP),
    (K.LINK_ERROR, "stderr@@GLIBC_2.2.5", "/usr/bin/ld: a.o: relocation R_X86_64_PC32 against symbol `stderr@@GLIBC_2.2.5' can not be used when making a shared object; recompile with -fPIC", STOP),
]  # fmt: skip

PKG_CONFIG = [
    (K.MISSING_PKG_CONFIG, "fuse3.pc", "Package fuse3 was not found in the pkg-config search path.", "Perhaps you should add the directory containing `fuse3.pc'"),
    (K.MISSING_PKG_CONFIG, "glib-2.0.pc", "configure: error: Package requirements (glib-2.0 >= 2.36 gio-2.0) were not met:"),
    (K.MISSING_PKG_CONFIG, "libavformat.pc", "Could not find libavformat with pkg-config."),
    (K.MISSING_PKG_CONFIG, "libusb-1.0.pc", "CMake Error at FindPkgConfig.cmake:603 (message):", "  The following required packages were not found:", "", "   - libusb-1.0>=1.0.9"),
    (K.MISSING_PKG_CONFIG, "openssl.pc", "error: failed to run custom build command for `openssl-sys v0.9.99`", "  The system library `openssl` required by crate `openssl-sys` was not found."),
    (K.MISSING_PKG_CONFIG, "libnm.pc", "subprocess.CalledProcessError: Command '['pkg-config', '--cflags', '--libs', 'libnm']' returned non-zero exit status 1."),
    (K.MISSING_PKG_CONFIG, "sndfile.pc", "pkgconfig.pkgconfig.PackageNotFoundError: sndfile not found"),
]  # fmt: skip

CMAKE = [
    (K.MISSING_CMAKE_PACKAGE, "OpenSSL", "CMake Error at FindPackageHandleStandardArgs.cmake:230 (message):", "  Could NOT find OpenSSL, try to set the path to OpenSSL root folder (missing: OPENSSL_CRYPTO_LIBRARY)"),
    (K.MISSING_CMAKE_PACKAGE, "OpenCV", "CMake Error at CMakeLists.txt:9 (find_package):", '  By not providing "FindOpenCV.cmake" in CMAKE_MODULE_PATH this project has', '  asked CMake to find a package configuration file provided by "OpenCV", but'),
    (K.MISSING_CMAKE_PACKAGE, "FFTW", "CMake Error: The following variables are used in this project, but they are set to NOTFOUND.", "Please set them or make sure they are set and tested correctly in the CMake files:", "FFTW_LIBRARY (ADVANCED)"),
    (K.MISSING_BUILD_DEPENDENCY, "pybind11", "CMake Error at CMakeLists.txt:9 (find_package):", '  Could not find a package configuration file provided by "pybind11" with any'),
    (K.MISSING_HEADER, "Python.h", "CMake Error at FindPackageHandleStandardArgs.cmake:230 (message):", "  Could NOT find Python (missing: Python_INCLUDE_DIRS Development.Module)"),
    (K.MISSING_PROGRAM, "gfortran", "CMake Error at CMakeLists.txt:3 (project):", "  No CMAKE_Fortran_COMPILER could be found."),
    (K.MISSING_PROGRAM, "ninja", 'CMake Error: CMake was unable to find a build program corresponding to "Ninja".  CMAKE_MAKE_PROGRAM is not set.'),
    (K.MISSING_PROGRAM, "cmake", "Problem with the CMake installation, aborting build. CMake executable is cmake"),
    (K.BUILD_TOOL_CHANGED, "cmake", "CMake Error at CMakeLists.txt:1 (cmake_minimum_required):", "  Compatibility with CMake < 3.5 has been removed from CMake."),
    (K.PROGRAM_TOO_OLD, "cmake", "CMake Error at CMakeLists.txt:1 (cmake_minimum_required):", "  CMake 3.30 or higher is required.  You are running version 3.25.1"),
    (K.AUTHOR_MESSAGE, "eggs are off", "CMake Error at CMakeLists.txt:1 (message):", "  eggs are off"),
]  # fmt: skip

MESON = [
    (K.MISSING_MESON_DEPENDENCY, "cairo", '../cairo/meson.build:31:12: ERROR: Dependency "cairo" not found (tried pkg-config)'),
    (K.MISSING_MESON_DEPENDENCY, "OpenBLAS", '../scipy/meson.build:216:9: ERROR: Dependency "OpenBLAS" not found, tried pkgconfig and cmake'),
    (K.LIBRARY_TOO_OLD, "glib-2.0", "meson.build:9:0: ERROR: Invalid version of dependency, need 'glib-2.0' ['>= 2.80'] found '2.74.6'."),
    (K.MISSING_MESON_DEPENDENCY, "girepository-2.0", "../meson.build:31:9: ERROR: Dependency 'girepository-2.0' is required but not found."),
    (K.MISSING_LIBRARY, "umfpack", "../meson.build:80:0: ERROR: C shared or static library 'umfpack' not found"),
    (K.MISSING_HEADER, "libavcodec/avcodec.h", "../meson.build:80:0: ERROR: C header 'libavcodec/avcodec.h' not found"),
    (K.MISSING_PROGRAM, "glib-compile-resources", "../meson.build:8:0: ERROR: Program 'glib-compile-resources' not found or not executable"),
    (K.MISSING_BUILD_DEPENDENCY, "cython", "../meson.build:8:0: ERROR: Program 'cython' not found or not executable"),
    (K.MISSING_BUILD_DEPENDENCY, "numpy", '../meson.build:8:0: ERROR: Dependency "numpy" not found, tried pkgconfig and cmake'),
    (K.MISSING_PROGRAM, "gfortran", "../meson.build:80:0: ERROR: Unknown compiler(s): [['gfortran'], ['flang-new']]"),
    (K.WANTS_NETWORK, "zstd", "../meson.build:8:0: ERROR: Subproject zstd is buildable: NO, required but not found"),
    (K.CLOCK_SKEW, None, "meson.build:1:0: ERROR: Clock skew detected. File build.ninja has a time stamp 3.2s in the future."),
]  # fmt: skip

AUTOCONF = [
    (K.MISSING_HEADER, "libpq-fe.h", "configure: error: libpq-fe.h not found, install it"),
    (K.MISSING_LIBRARY, "libevent", "configure: error: cannot find libevent"),
    (K.MISSING_PROGRAM, "bison", "configure: error: bison is required"),
    (K.AUTHOR_MESSAGE, "gmp", "configure: error: gmp library not found"),
    (K.MISSING_PROGRAM, "gcc", "configure: error: no acceptable C compiler found in $PATH"),
]  # fmt: skip

PROGRAMS = [
    (K.MISSING_PROGRAM, "cmake", "error: [Errno 2] No such file or directory: 'cmake'"),
    (K.MISSING_PROGRAM, "swig", "error: command 'swig' failed: No such file or directory"),
    (K.MISSING_PROGRAM, "swig", "unable to execute 'swig': No such file or directory", "error: command 'swig' failed with exit status 1"),
    (K.MISSING_PROGRAM, "gcc", "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory"),
    (K.MISSING_PROGRAM, "g++", "gcc: fatal error: cannot execute ‘cc1plus’: execvp: No such file or directory"),
    (K.MISSING_CONFIG_TOOL, "krb5-config", "/bin/sh: 1: krb5-config: not found", "subprocess.CalledProcessError: Command 'krb5-config --libs gssapi' returned non-zero exit status 127."),
    (K.MISSING_CONFIG_TOOL, "mysql_config", "OSError: mysql_config not found"),
    (K.MISSING_CONFIG_TOOL, "sdl2-config", 'Unable to run "sdl2-config". Please make sure a development version of SDL2 is installed.'),
    (K.MISSING_PROGRAM, "proj", "proj executable not found. Please set the PROJ_DIR variable."),
    (K.MISSING_PROGRAM, "apxs", "RuntimeError: The 'apxs' command appears not to be installed or is not executable."),
    (K.MISSING_PROGRAM, "make", "ERROR: The 'make' utility is missing from PATH"),
    (K.MISSING_PROGRAM, "flex", "make: flex: No such file or directory", "make: *** [Makefile:9: lex.c] Error 127"),
    (K.MISSING_PROGRAM, "go", 'exec: "go": executable file not found in $PATH'),
    (K.MISSING_PROGRAM, "javac", "Exception: Unable to find javac"),
    (K.MISSING_PROGRAM, "protoc", "error: Could not find `protoc`. If `protoc` is installed, try setting PROTOC"),
    (K.MISSING_PROGRAM, "git", "Traceback (most recent call last):", '  File "/usr/lib/python3.11/subprocess.py", line 1901, in _execute_child', "FileNotFoundError: [Errno 2] No such file or directory: 'git'"),
    (K.MISSING_PROGRAM, "frobnicate", "Traceback (most recent call last):", '  File "/usr/lib/python3.11/subprocess.py", line 1901, in _execute_child', "FileNotFoundError: [Errno 2] No such file or directory: 'frobnicate'"),
    (K.INCOMPLETE_SDIST, "requirements.txt", "Traceback (most recent call last):", '  File "<string>", line 9, in <module>', "FileNotFoundError: [Errno 2] No such file or directory: 'requirements.txt'"),
    (K.INCOMPLETE_SDIST, "VERSION", "Traceback (most recent call last):", '  File "<string>", line 9, in <module>', "FileNotFoundError: [Errno 2] No such file or directory: 'VERSION'"),
    (K.MISSING_PROGRAM, "qmake", "raise PyProjectOptionException('qmake', \"specify a working 'qmake' or add it to PATH\")", "sipbuild.pyproject.PyProjectOptionException"),
    (K.MISSING_PROGRAM, "nvcc", "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root."),
    (K.MISSING_PROGRAM, "git", "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?"),
    (K.MISSING_PROGRAM, "R", "Error: spam in API mode cannot be built without R in the PATH or R_HOME defined."),
    (K.MISSING_CONFIG_TOOL, "pg_config", "Exception: pg_config tool is not available."),
    (K.WRONG_OS, "xcrun", "error: command 'xcrun' failed: No such file or directory"),
]  # fmt: skip

PYTHON = [
    (K.MISSING_BUILD_DEPENDENCY, "numpy", "ModuleNotFoundError: No module named 'numpy'"),
    (K.MISSING_BUILD_DEPENDENCY, "Cython", "ModuleNotFoundError: No module named 'Cython.Build'"),
    (K.MISSING_BUILD_DEPENDENCY, "eggs.ham", "ModuleNotFoundError: No module named 'eggs.ham'"),
    (K.MISSING_BUILD_DEPENDENCY, "pytest-runner", "distutils.errors.DistutilsError: Could not find suitable distribution for Requirement.parse('pytest-runner')"),
    (K.MISSING_BUILD_DEPENDENCY, "wheel", "error: invalid command 'bdist_wheel'"),
    (K.MISSING_BUILD_DEPENDENCY, "mesonpy", "pip._vendor.pyproject_hooks._impl.BackendUnavailable: Cannot import 'mesonpy'"),
    (K.SETUPTOOLS_REMOVED, "pkg_resources", "ModuleNotFoundError: No module named 'pkg_resources'"),
    (K.SETUPTOOLS_REMOVED, "setuptools.command.test", "ModuleNotFoundError: No module named 'setuptools.command.test'"),
    (K.SETUPTOOLS_REMOVED, "setuptools.Feature", "ImportError: cannot import name 'Feature' from 'setuptools' (/x/setuptools/__init__.py)"),
    (K.SETUPTOOLS_REMOVED, "install_layout", "AttributeError: install_layout. Did you mean: 'install_platlib'? has no attribute 'install_layout'"),
    (K.SETUPTOOLS_REMOVED, "description-file", "setuptools.errors.InvalidConfigError: Invalid dash-separated key 'description-file' in 'metadata' (setup.cfg), please use the underscore name 'description_file' instead."),
    (K.DISTUTILS_REMOVED, "distutils", "ModuleNotFoundError: No module named 'distutils'"),
    (K.DISTUTILS_REMOVED, "numpy.distutils.core", "ModuleNotFoundError: No module named 'numpy.distutils.core'"),
    (K.USE_2TO3, "use_2to3", "error in spam setup command: use_2to3 is invalid."),
    (K.PYTHON2_ONLY, "urllib2", "ModuleNotFoundError: No module named 'urllib2'"),
    (K.PYTHON2_ONLY, "print", "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?"),
    (K.PYTHON2_ONLY, "except", "SyntaxError: multiple exception types must be parenthesized"),
    (K.PYTHON2_ONLY, "unicode", "NameError: name 'unicode' is not defined"),
    (K.PYTHON2_ONLY, "has_key", "AttributeError: 'dict' object has no attribute 'has_key'"),
    (K.PYTHON2_ONLY, "string.maketrans", "AttributeError: module 'string' has no attribute 'maketrans'"),
    (K.PYTHON_TOO_NEW, "imp", "ModuleNotFoundError: No module named 'imp'"),
    (K.PYTHON_TOO_NEW, "pkgutil.ImpImporter", "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?"),
    (K.PYTHON_TOO_NEW, "collections.Callable", "AttributeError: module 'collections' has no attribute 'Callable'"),
    (K.PYTHON_TOO_NEW, "collections.Mapping", "ImportError: cannot import name 'Mapping' from 'collections' (/usr/lib/python3.11/collections/__init__.py)"),
    (K.PYTHON_TOO_NEW, "configparser.SafeConfigParser", "AttributeError: module 'configparser' has no attribute 'SafeConfigParser'"),
    (K.PYTHON_TOO_NEW, "platform.linux_distribution", "AttributeError: module 'platform' has no attribute 'linux_distribution'"),
    (K.PYTHON_TOO_NEW, "U", "ValueError: invalid mode: 'U'"),
    (K.NUMPY_API, "numpy.int", "AttributeError: module 'numpy' has no attribute 'int'."),
    (K.WRONG_OS, "winreg", "ModuleNotFoundError: No module named 'winreg'"),
    (K.MISSING_LIBRARY, "tkinter", "ModuleNotFoundError: No module named 'tkinter'"),
    (K.CYTHON3, "Cython", "AttributeError: 'build_ext' object has no attribute 'cython_sources'"),
    (K.CYTHON3, "long", "Error compiling Cython file:", "spam/eggs.pyx:9:21: undeclared name not builtin: long"),
    (K.CYTHON3, "noexcept", "Error compiling Cython file:", "a.pyx:9:21: Cannot assign type 'int (int) except? -1' to 'int (*)(int) noexcept'. Exception values are incompatible."),
    (K.INCOMPLETE_SDIST, "spam/eggs.pyx", "ValueError: 'spam/eggs.pyx' doesn't match any files"),
    (K.METADATA_INVALID, "spam", "error in spam setup command: 'install_requires' must be a string or iterable of strings"),
    (K.METADATA_INVALID, "1.0-custom.x", "packaging.version.InvalidVersion: Invalid version: '1.0-custom.x'"),
    (K.METADATA_INVALID, "project.license", "configuration error: `project.license` must be valid exactly by one definition"),
    (K.METADATA_INVALID, "Multiple top-level packages", "error: Multiple top-level packages discovered in a flat-layout: ['a', 'b']."),
    (K.BUILD_TOOL_CHANGED, "scikit-build-core", "ERROR: Use build.targets instead of cmake.targets for scikit-build-core >= 0.10"),
    (K.SETUPTOOLS_REMOVED, "fcompiler", "AttributeError: fcompiler. Did you mean: 'compiler'?"),
    (K.UNKNOWN, "TypeError", "TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
]  # fmt: skip

RUST = [
    (K.MISSING_PROGRAM, "cargo", "Cargo, the Rust package manager, is not installed or is not on PATH."),
    (K.MISSING_PROGRAM, "cargo", "error: can't find Rust compiler"),
    (K.PROGRAM_TOO_OLD, "rustc", "error: package `time v0.3.36` cannot be built because it requires rustc 1.67.1 or newer, while the currently active rustc version is 1.63.0"),
    (K.PROGRAM_TOO_OLD, "cargo", "  feature `edition2024` is required"),
    (K.PYTHON_REFUSED, "3.13", "  error: the configured Python interpreter version (3.13) is newer than PyO3's maximum supported version (3.12)"),
    (K.MISSING_LIBRARY, "libclang.so", "thread 'main' panicked at 'Unable to find libclang: \"couldn't find any valid shared libraries\"'"),
    (K.COMPILE_ERROR, "eggs", "error[E0433]: failed to resolve: use of undeclared type", "error: could not compile `eggs` (lib) due to 1 previous error"),
]  # fmt: skip

NETWORK = [
    (K.WANTS_NETWORK, "sqlite.example", "Fetching https://sqlite.example/2026/src.zip", "error: <urlopen error [Errno -2] Name or service not known>"),
    (K.WANTS_NETWORK, "github.example.org", "fatal: unable to access 'https://github.example.org/a/b.git/': Could not resolve host: github.example.org"),
    (K.WANTS_NETWORK, "proxy.example.org", "dial tcp: lookup proxy.example.org: no such host"),
    (K.WANTS_NETWORK, "eggs.example", "WrapException: Could not get https://eggs.example/a.tar.gz is the internet available?"),
    (K.NEEDS_GIT, "git", "LookupError: setuptools-scm was unable to detect version for /build."),
    (K.NEEDS_GIT, "git", "Exception: Versioning for this project requires either an sdist tarball, or access to an upstream git repository."),
    (K.NEEDS_GIT, "git", "fatal: not a git repository (or any of the parent directories): .git"),
]  # fmt: skip

RESOURCES = [
    (K.OUT_OF_MEMORY, "cc1plus", "c++: fatal error: Killed signal terminated program cc1plus", "compilation terminated.", STOP),
    (K.OUT_OF_MEMORY, None, "virtual memory exhausted: Cannot allocate memory", STOP),
    (K.OUT_OF_MEMORY, "cc1plus", "cc1plus: out of memory allocating 65536 bytes after a total of 94208 bytes", STOP),
    (K.OUT_OF_MEMORY, None, "LLVM ERROR: out of memory", STOP),
    (K.OUT_OF_MEMORY, None, "process didn't exit successfully: `rustc --crate-name eggs` (signal: 9, SIGKILL: kill)", "error: could not compile `eggs`"),
    (K.NO_SPACE, None, "/tmp/ccQ.s: fatal error: error writing to /tmp/ccR.s: No space left on device", STOP),
    (K.NO_SPACE, None, "OSError: [Errno 28] No space left on device"),
    (K.PROCESS_LIMIT, None, "gcc: fatal error: vfork: Resource temporarily unavailable", STOP),
    (K.CLOCK_SKEW, None, "ValueError: ZIP does not support timestamps before 1980"),
    (K.CLOCK_SKEW, None, "ninja: error: manifest 'build.ninja' still dirty after 100 tries, perhaps system time is not set"),
]  # fmt: skip

REFUSALS = [
    (K.PYTHON2_ONLY, "Python 2", "This backport is for Python 2.7 only."),
    (K.PYTHON2_ONLY, "Python 2", "spam is not supported on Python 3. When using Python 3, use the standard library."),
    (K.PYTHON2_ONLY, "Python 2", "ERROR: this package only works with Python 2"),
    (K.PYTHON_REFUSED, ">=3.6,<3.10", "RuntimeError: Cannot install on Python version 3.11.2; only versions >=3.6,<3.10 are supported."),
    (K.PYTHON_REFUSED, "Python 3.12", "SystemExit: Python 3.12 or later is required"),
    (K.WRONG_OS, "macOS", "distutils.errors.DistutilsPlatformError: PyObjC requires macOS to build"),
    (K.WRONG_OS, "Windows", "OSError: spam can only be installed on Windows"),
    (K.WRONG_OS, "linux", "RuntimeError: unsupported platform: linux"),
    (K.DELIBERATE, "eggs", "The 'eggs' PyPI package is deprecated, use 'ham' instead"),
    (K.DELIBERATE, "tensorflow-gpu", 'The "tensorflow-gpu" package has been removed!'),
    (K.DELIBERATE, None, "The package you are trying to install is only a placeholder project."),
    (K.DELIBERATE, "pytorch", 'Exception: You tried to install "pytorch". The package named for PyTorch is "torch"'),
]  # fmt: skip

AUTHORS = [
    (K.AUTHOR_MESSAGE, "zlib", "The headers or library files could not be found for zlib,", "a required dependency when compiling Pillow from source."),
    (K.AUTHOR_MESSAGE, "libxml2", "Error: Please make sure the libxml2 and libxslt development packages are installed."),
    (K.AUTHOR_MESSAGE, "libcap", "You need to install libcap development headers to build this module"),
    (K.AUTHOR_MESSAGE, "xmlsec1", "error: xmlsec1 is not installed or not in path."),
    (K.AUTHOR_MESSAGE, "HDF5", "ERROR:: Could not find a local HDF5 installation."),
    (K.AUTHOR_MESSAGE, "HDF5", "ValueError: did not find HDF5 headers"),
    (K.AUTHOR_MESSAGE, "Berkeley DB", "Can't find a local Berkeley DB installation."),
    (K.AUTHOR_MESSAGE, "MPI", "error: Cannot compile MPI programs. Check your configuration!!!"),
    (K.AUTHOR_MESSAGE, "libxml2", "ERROR: ** make sure the development packages of libxml2 and libxslt are installed **"),
    (K.AUTHOR_MESSAGE, "BLAS", "numpy.distutils.system_info.NotFoundError: No BLAS/LAPACK libraries found."),
    (K.UNKNOWN, "AssertionError", "AssertionError: eggs", "ERROR: Could not build wheels for spam, which is required to install pyproject.toml-based projects"),
    (K.UNKNOWN, "ValueError", "ValueError: the configuration file not found, make sure to go there"),
    (K.AUTHOR_MESSAGE, "portmidi", "portmidi library not found"),
    (K.AUTHOR_MESSAGE, "libpcap", "Exception: Please install libpcap before building"),
    (K.MISSING_LIBRARY, "libfoo.so.1", "Exception: Could not find libfoo.so.1"),
]  # fmt: skip

CASES = [
    *COMPILERS, *LINKERS, *PKG_CONFIG, *CMAKE, *MESON, *AUTOCONF, *PROGRAMS, *PYTHON, *RUST,
    *NETWORK, *RESOURCES, *REFUSALS, *AUTHORS,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_what_tools_and_people_say_is_understood(case: tuple[K, str | None, str]) -> None:
    kind, subject, *lines = case
    assert root(*lines) == (kind, subject)


def test_literals_of_rules_are_lower_case() -> None:
    assert [rule.literal for rule in RULES if rule.literal != rule.literal.lower()] == []
