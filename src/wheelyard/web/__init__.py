"""The web process: what installers, people and builders ask for over HTTP.

`app`           puts everything together
`server`        runs it on a socket
`simple_pages`  the simple index, negotiated
`packages`      wheels and their metadata, with ranges
`site_pages`    pages for people, logs, the stylesheet
`builder_api`   what builders call; `auth` lets them in, by the hashes of their `tokens`
`health`        whether it works
`responses`     entity tags, caching and headers in one place
`negotiation`, `conditional`  the rules of HTTP that these need, pure
`problems`      errors as answers
`guard`         limits and headers for every request
"""
