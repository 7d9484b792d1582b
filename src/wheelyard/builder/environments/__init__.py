"""The systems that builds run in.

`view`      what a build sees of a system, without saying how it is shown
`host`      the machine's own system, cut down to what builds need
`root`      a system that was made for builds; `places`: files that each one has
`store`     where environments are kept, which version is current, who uses it
`making`    a new one from the machine's Debian archives; `archive`: which these are
`importing` a root that somebody else has made
`running`   whether its programs run here; `checking`: whether it is whole
`manifest`  what packages are in it
`choice`    which system a build is made in
`layers`    throw-away layers; `packages`: what is installed in them
`helper`    how the agent asks the privileged helper (`wheelyard.builder.privileged`) for one
"""
