"""The store of wheels, pages and logs: a seam with one small protocol.

`store`    the protocol, and what it promises
`objects`  a folder, memory, or an S3-compatible bucket
`uploads`  numbered parts of files that builders send
"""

from wheelyard.storage.store import ObjectInfo, Store

__all__ = ["ObjectInfo", "Store"]
