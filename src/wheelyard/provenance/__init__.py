"""Where a wheel comes from, said in a way that can be checked without asking anybody.

`statement`     what is said of a wheel: an in-toto statement with a SLSA provenance predicate
`envelope`      the statement with its signatures: DSSE
`keys`          public keys, their ids, and the document that publishes them
`signing_key`   the server's own key, in its file
`verification`  whether a file, an envelope and public keys agree
"""
