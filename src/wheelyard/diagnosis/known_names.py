"""Names that mean something: programs, modules and headers, by what their absence says."""


def words(text: str) -> frozenset[str]:
    """Return a list of words as a set."""
    return frozenset(text.split())


PROGRAMS = words(
    "ant aclocal ar autoconf autoheader automake autoreconf bazel bison bzip2 c++ cabal "
    "cargo cc clang clang++ cmake cmake3 cpp curl cython doxygen dot dpkg dpkg- "
    "architecture f2py ffmpeg file flatc flex g++ gawk gcc gdbus-codegen gettext gfortran "
    "ghc git glib-compile-resources glib-genmarshal go gperf gradle hg java javac javah "
    "jar ld ldconfig lex libtool libtoolize lrelease lsb_release lz4 m4 make makeinfo "
    "meson moc mpicc mpicxx mpifort msgfmt mvn nasm ninja node npm nvcc ocaml opam pandoc "
    "patch perl pkg-config pkgconf protoc qmake qmake6 ragel re2c rpcgen rustc ruby scons "
    "sip svn swig swig3.0 swig4.0 tar tclsh tesseract thrift unzip wayland-scanner wget "
    "which xmllint xsltproc yacc yarn yasm zip"
)
"""Programs that builds run."""

ENGLISH_PROGRAMS = words("ant cc dot file go lex make node patch tar thrift which zip")
"""Programs whose names are also words of a sentence."""

PROGRAM_OF_WORD = {
    "rust": "cargo",
    "graphviz": "dot",
    "jdk": "javac",
    "fortran": "gfortran",
    "mercurial": "hg",
    "subversion": "svn",
    "protobuf-compiler": "protoc",
    "golang": "go",
    "nodejs": "node",
    "cc1plus": "g++",
    "cc1": "gcc",
    "f951": "gfortran",
    "x86_64-linux-gnu-gcc": "gcc",
    "x86_64-linux-gnu-g++": "g++",
    "aarch64-linux-gnu-gcc": "gcc",
    "aarch64-linux-gnu-g++": "g++",
    "arm-linux-gnueabihf-gcc": "gcc",
    "arm-linux-gnueabihf-g++": "g++",
    "i686-linux-gnu-gcc": "gcc",
    "i686-linux-gnu-g++": "g++",
}
"""What people and compilers call some programs."""

FOREIGN_PROGRAMS = frozenset(
    {"xcrun", "xcodebuild", "xcode-select", "sw_vers", "otool", "lipo", "install_name_tool"}
    | {"cl.exe", "nmake", "msbuild", "devenv", "rc.exe", "link.exe"}
)
"""Programs of other operating systems."""

PYTHON2_MODULES = words(
    "BaseHTTPServer CGIHTTPServer ConfigParser Cookie Dialog FileDialog HTMLParser Queue "
    "SimpleHTTPServer SimpleXMLRPCServer SocketServer StringIO Tkinter UserDict UserList "
    "UserString __builtin__ anydbm cPickle cStringIO commands cookielib copy_reg dircache "
    "dummy_thread exceptions fpformat hotshot htmlentitydefs httplib ihooks md5 mimetools "
    "mimewriter mutex new popen2 rfc822 robotparser sets sha sgmllib thread tkMessageBox "
    "tkFileDialog urllib2 urlparse user whichdb xmlrpclib"
)

REMOVED_STDLIB_MODULES = words(
    "aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt dummy_threading "
    "formatter imghdr imp lib2to3 macpath mailcap msilib nis nntplib ossaudiodev parser "
    "pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib _dummy_threading "
    "_bootlocale"
)

NEW_STDLIB_MODULES = {
    "annotationlib": "3.14",
    "compression": "3.14",
    "concurrent.interpreters": "3.14",
    "tomllib": "3.11",
    "zoneinfo": "3.9",
}
"""Modules by the Python that first had them."""

NEW_STDLIB_NAMES = {
    **dict.fromkeys(
        ("typing.Self", "typing.Never", "typing.LiteralString", "enum.StrEnum"), "3.11"
    ),
    **dict.fromkeys(("typing.assert_never", "typing.reveal_type", "typing.Required"), "3.11"),
    **dict.fromkeys(("typing.NotRequired", "typing.Unpack", "datetime.UTC"), "3.11"),
    **dict.fromkeys(("typing.override", "typing.TypeAliasType", "itertools.batched"), "3.12"),
    **dict.fromkeys(("typing.TypeIs", "typing.ReadOnly", "warnings.deprecated"), "3.13"),
    **dict.fromkeys(("typing.ParamSpec", "typing.TypeGuard", "typing.TypeAlias"), "3.10"),
    **dict.fromkeys(("itertools.pairwise", "types.NoneType", "types.UnionType"), "3.10"),
}
"""Names of modules by the Python that first had them."""

FOREIGN_MODULES = words(
    "_winreg winreg msvcrt winsound _winapi nt win32api win32con win32com win32file "
    "win32gui pythoncom pywintypes objc Foundation AppKit py2exe py2app wmi"
)

FOREIGN_HEADERS = words(
    "windows.h winsock.h winsock2.h ws2tcpip.h windef.h winbase.h winreg.h winioctl.h "
    "conio.h direct.h io.h process.h tchar.h atlbase.h comdef.h initguid.h sys/event.h "
    "mach/mach.h mach/mach_time.h mach-o/dyld.h libproc.h kvm.h sys/kauth.h"
)

FOREIGN_FRAMEWORKS = words(
    "AppKit ApplicationServices Carbon Cocoa CoreAudio CoreFoundation CoreGraphics "
    "CoreServices Foundation IOKit QuickTime Security SystemConfiguration"
)
"""Frameworks of macOS: the first part of their headers' names."""

INTRINSIC_HEADERS = words(
    "cpuid.h emmintrin.h immintrin.h intrin.h mmintrin.h nmmintrin.h pmmintrin.h "
    "smmintrin.h tmmintrin.h wmmintrin.h x86intrin.h xmmintrin.h arm_neon.h"
)
"""Headers that the compiler has for one processor only."""

REMOVED_PYTHON_HEADERS = words(
    "Python-ast.h accu.h asdl.h ast.h bitset.h bytes_methods.h cellobject.h classobject.h code.h "
    "context.h dynamic_annotations.h eval.h funcobject.h genobject.h graminit.h grammar.h "
    "interpreteridobject.h longintrepr.h metagrammar.h namespaceobject.h node.h odictobject.h "
    "opcode_ids.h osdefs.h parser_interface.h parsetok.h pgen.h pgenheaders.h picklebufobject.h "
    "py_curses.h pyarena.h pyatomic.h pyctype.h pydebug.h pyfpe.h pymemdebug.h pystrhex.h "
    "pytime.h symtable.h token.h ucnhash.h"
)
"""Headers that CPython no longer has: no package brings them back."""

PYTHON2_HEADERS = frozenset({"cStringIO.h", "cobject.h", "intobject.h", "stringobject.h"})

HEADERS_OF_MODULES = frozenset({"numpy", "pybind11", "nanobind", "mpi4py"})
"""Folders of headers that a Python project brings, not the system."""
