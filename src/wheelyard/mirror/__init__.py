"""Copying another wheelyard's index.

`documents`  what the server tells: the feed of changes, and a project's document
`origin`     asking the server: few connections, bounded, believing nothing
`project`    one project: what to copy, what to remove
`copying`    a run over all that has changed
"""
