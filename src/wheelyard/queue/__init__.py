"""What is to be built, and who builds it.

`policy`       decides about a release and a target: pure
`planning`     applies the policy to one project and keeps its jobs in step
`scheduler`    the service that plans the projects that changed
`leases`       what a builder does with a job: claim, heartbeat, finish
`rebuilding`   building once more what has been built
`maintenance`  the service that takes back what dead builders held
"""
