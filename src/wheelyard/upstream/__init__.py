"""The index that we follow: its pages, what changed on them, and the service that reads them.

`index`      which index to follow, and reading a project from it
`page`       simple pages, JSON or HTML, as values; `values` checks what they hold piece by piece
`details`    what an index tells about a project's files beside the simple page
`reconcile`  what changed between two readings of a page
`source`     the seam of change sources: which projects to read
`follower`   the service that reads them and saves their pages
"""
