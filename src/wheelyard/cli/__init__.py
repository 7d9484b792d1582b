"""The command line, a module per group of commands.

`app`       the program `wheelyard` and how its errors are shown
`up`        everything on one machine: `children`, `progress` and `outcomes` are its parts
`web`       the process that answers requests; `services`: what a server does by itself
`build`     a builder; `builders`: who may build here
`projects`  what is asked for and known of projects; `releases`: of one release
`rebuilds`  building once more; `removals`: taking a project away
`queue`     what waits to be built; `targets`: what wheels are made for
`upstream`  how the index is followed; `filling`: following very many projects at once
`databases` the schema, checking, moving, and what operators did
`operation` what operators' commands have in common; `output`: what they print
`diagnose`  what a build log says
`environments` the systems that builds run in; `steps`: how their making is shown
"""

from wheelyard.cli.app import main

__all__ = ["main"]
