"""What is checked of a wheel before anybody may install it; used by builders and the server.

`inspection`  a wheel's bytes, treated as hostile, against the release and target they are for
`retag`       gives a wheel the build number that the server issued
`archive`     reads zip archives so strictly that no two readers can see different files
`paths`       the names of the files inside
`dist_info`   what WHEEL and METADATA say
`record`      RECORD against the archive
`elf`         which machine an object file is for
"""
