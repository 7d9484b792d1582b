"""The rules, one module per family of tools; each has its `RULES`.

`compilers`     gcc, clang, gfortran, swig: headers, files, errors in the code
`linkers`       ld, gold, lld, the dynamic loader
`pkg_config`    pkg-config and those who run it
`cmake`         CMake and scikit-build
`meson`         Meson and meson-python
`autoconf`      configure scripts
`programs`      programs that are missing or too old
`languages`     compilers of Fortran, Java, Go, CUDA
`python_code`   exceptions of Python code: removed names, syntax of Python 2
`modules`       modules that cannot be imported
`cython`        Cython, and NumPy's C interface
`setuptools`    setuptools, distutils and other build back ends
`rust`          cargo, maturin, setuptools-rust
`network`       builds that want what they do not have: a network, git
`installers`    pip and uv: versions, indexes, archives
`resources`     memory, space, time, processes
`refusals`      sentences that refuse a Python, a system or everybody
`authors`       sentences in which authors name what is missing
"""
