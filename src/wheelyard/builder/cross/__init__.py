"""Cross builds: native tools, compilers for another architecture, the target's root as sysroot.

`toolchain`    the words for one architecture, and the variables of a build
`files`        what tells build tools of it: wrappers, meson's and CMake's files, Python's own facts
`obstacle`     projects that need not be tried, by what they say of themselves
`requirements` the build environment: native tools with the target's headers
`falling_back` what another lane may do better
"""
