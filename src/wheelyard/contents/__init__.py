"""Which Debian package holds a file that a build wants: indexes of the distribution's packages.

`build` makes one SQLite file for each environment from Debian's own lists, `lookup` asks it, and
`ranking` chooses between the packages that hold the same file.
"""
