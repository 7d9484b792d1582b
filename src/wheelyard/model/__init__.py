"""The words of the field as types: pure values without input or output.

`names`        names of projects, targets and files, parsed once at the edge
`project`      a project's page as an index shows it, and its files
`target`       what wheels are made for, and which tags it accepts
`build`        decisions, jobs, builds, recipes, limits and failures
`job`          jobs as the queue hands them out and counts them
`wheel`        wheels that we made
`certificate`  what was checked of a wheel before anybody could install it
`builder`      machines that take jobs
`overview`     everything about one project, as people see it
"""
