"""Where untrusted code runs: a seam.

`sandbox`     the protocol, what is run, and what came of it
`bubblewrap`  Linux namespaces through bubblewrap, without network: the default
`plain`       no isolation at all, for trusted projects and tests
"""
