"""The index that we follow: its pages, what changed on them, and the service that reads them.

`index`      which index to follow, and reading a project from it
`page`       simple pages, JSON or HTML, as values; `values` checks what they hold piece by piece
`details`    what an index tells about a project's files beside the simple page
`reconcile`  what changed between two readings of a page
`exchange`   one request to the index for what tells of changes, within limits
`source`     the seam of change sources: which projects have changed
`changelog`  upstream's journal over XML-RPC; `rpc` calls it, `markup` reads XML from elsewhere
`serial_list`  the whole list of projects with their serials
`rss`        the feeds, as hints
`follower`   the service that asks the sources and marks what they name as due
`first_fill` following very many projects at once, and how far reading them has come
"""
