"""The systems that builds run in.

`view`  what a build sees of a system, without saying how it is shown
`host`  the machine's own system, cut down to what builds need
"""
