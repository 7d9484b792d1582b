"""From the log of a failed build to its cause, without input or output.

`cause`      kinds of causes, and what each means for the build as a whole
`log_text`   a log as lines, read with bounded work however large or hostile it is
`rule`       what a rule is, and how findings rank
`rules`      the rules, one module per family of tools
`remedies`   the remedies that rules know: our own tables
`wants`      what a cause wants from the system
`system_remedies`  remedies that depend on more than the log: packages, limits, the version
`diagnosis`  all of it together: `diagnose` and `failure_of`
"""
