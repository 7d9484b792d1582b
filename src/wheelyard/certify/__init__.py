"""What is checked of a wheel before anybody may install it; used by builders and the server.

`inspection`      a wheel's bytes, treated as hostile, become a certificate
`contents`        a wheel that was read once: what the checks look at
`expected`        what it is held against: release, target, environment
`checks`          the checks, by family
`retag`           gives a wheel its build number, and the manylinux tag that it deserves
`archive`         reads zip archives so strictly that no two readers can see different files
`paths`           the names of the files inside
`dist_info`       what WHEEL and METADATA say
`record`          RECORD against the archive
`elf`             which machine an object file is for
`objects`         what an object file asks of the machine that loads it
`dynamic`         what it tells the loader
`arm`             what Arm objects say of processors
`static_library`  the object files in static libraries
`libraries`       which Debian packages hold which shared libraries
"""
