"""The command line, a module per group of commands.

`app`       the program `wheelyard` and how its errors are shown
`up`        everything on one machine: `children`, `progress` and `outcomes` are its parts
`serve`     the long-running programs: web, services, builder
`show`      what is known of a project
`diagnose`  what a build log says
"""

from wheelyard.cli.app import main

__all__ = ["main"]
