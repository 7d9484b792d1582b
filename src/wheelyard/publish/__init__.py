"""Pages: what installers and people read, made from the database and written to the store.

`selection`  which wheels belong on which index
`simple`     the simple repository API, JSON and HTML
`notary`     signing where wheels come from
`site`       pages for people
`publisher`  the service that writes them whenever something has changed
`removal`    removing a project with its files, pages and logs
`checking`   whether the store holds what the database promises
"""
