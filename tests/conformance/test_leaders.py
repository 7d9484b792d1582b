"""Of several processes one leads, by the clock of the database."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from wheelyard.database.dialect import clock_time
from wheelyard.database.engine import Engine, writing
from wheelyard.database.leaders import leads
from wheelyard.database.tables import leaders

MINUTE = timedelta(minutes=1)


def ask(engine: Engine, holder: str, name: str = "follower") -> bool:
    with writing(engine) as connection:
        return leads(connection, name, holder=holder, lasts=MINUTE)


def let_time_pass(engine: Engine) -> None:
    """Make every lead a minute older."""
    with writing(engine) as connection:
        connection.execute(
            update(leaders).values(expires_at=clock_time(connection) - timedelta(seconds=1))
        )


def test_the_first_leads_and_goes_on_leading(engine: Engine) -> None:
    assert [ask(engine, "one"), ask(engine, "two"), ask(engine, "one")] == [True, False, True]


def test_another_takes_over_when_the_time_of_the_leader_is_over(engine: Engine) -> None:
    ask(engine, "one")
    let_time_pass(engine)
    assert [ask(engine, "two"), ask(engine, "one")] == [True, False]


def test_each_work_has_a_leader_of_its_own(engine: Engine) -> None:
    assert [ask(engine, "one"), ask(engine, "two", "maintenance")] == [True, True]


def lead_and_break_down(engine: Engine) -> None:
    with writing(engine) as connection:
        leads(connection, "follower", holder="one", lasts=MINUTE)
        raise KeyError


def test_a_lead_that_is_rolled_back_was_never_taken(engine: Engine) -> None:
    with pytest.raises(KeyError):
        lead_and_break_down(engine)
    assert ask(engine, "two")
