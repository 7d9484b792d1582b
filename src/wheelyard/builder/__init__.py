"""What runs on a build machine.

`agent`         takes jobs from the server, one after the other
`connection`    what the agent says to the server, and hears
`report`        the signs of life of one build: heartbeats and the log
`build`         the story of one build
`source`        the source distribution: fetched, checked, unpacked with suspicion
`requirements`  the build environment: what a back end needs, installed from wheels only
`hooks`         the build back end's hooks, run in the sandbox
`sandbox`       where untrusted code runs
`environments`  the systems that builds see
`host`          what this machine is
"""
