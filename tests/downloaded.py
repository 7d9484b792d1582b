"""Downloads as they are put on record, for tests of what is made from them."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from wheelyard.database.engine import Engine, writing
from wheelyard.downloads.record import record
from wheelyard.downloads.saved import Saving
from wheelyard.model.download import Client, ClientClass, Counts, Request, RequestKind

Asked = Mapping[tuple[date, Request, Client], int]

TODAY = date(2026, 11, 23)
SAVING = Saving()
PIP = Client(
    client_class=ClientClass.INSTALLER,
    installer="pip",
    installer_version="23.0",
    python="3.11",
    architecture="armv7l",
)
ROBOT = Client(client_class=ClientClass.ROBOT)


def download(filename: str) -> Request:
    return Request(RequestKind.DOWNLOAD, filename)


def counts(asked: Asked) -> Counts:
    """Return the counts that a tally would make of so many requests."""
    requests: Counter[tuple[date, Request, Client]] = Counter()
    installers: Counter[tuple[date, Client]] = Counter()
    for (day, request, client), number in asked.items():
        requests[day, request, client.asker] += number
        if client.client_class is ClientClass.INSTALLER and request.kind is RequestKind.DOWNLOAD:
            installers[day, client] += number
    return Counts(requests=requests, installers=installers, lines=sum(asked.values()))


def put_on_record(engine: Engine, asked: Asked) -> None:
    with writing(engine) as connection:
        record(connection, counts(asked), saving=SAVING)
