"""The checks of a certificate, by family: plain functions of a wheel's contents and its target.

`metadata`     WHEEL, METADATA, RECORD, and what upstream says of the release
`tags`         every tag accepted by the target, and true of what is inside
`machine`      the machine and the Arm architecture of each object file
`versions`     the newest symbols of the C library, of libstdc++ and of Python
`limited_api`  `abi3` wheels use the limited API only
`times`        the width of `time_t`
`segments`     how objects are loaded: alignment, memory that is written and run, stacks
`libraries`    search paths, and the Debian packages of what is needed
`places`       where files go, what they tell of the builder, and silent fall-backs
`policies`     which manylinux tags an object file may carry
"""
