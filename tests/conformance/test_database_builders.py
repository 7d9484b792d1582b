from factories import NOW, digest
from stocked import claim, enqueue, finish, register, stock
from wheelyard.database import builders
from wheelyard.database.engine import Engine, reading, writing


def test_a_builder_is_drained_and_takes_jobs_again(engine: Engine) -> None:
    with writing(engine) as connection:
        register(connection)
        assert builders.drain_builder(connection, "board", is_draining=True)
        drained = builders.builder_named(connection, "board")
        assert builders.drain_builder(connection, "board", is_draining=False)
        working = builders.builder_named(connection, "board")

    assert drained is not None
    assert drained.is_draining
    assert working is not None
    assert not working.is_draining


def test_nobody_drains_an_unknown_builder(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not builders.drain_builder(connection, "nobody", is_draining=True)
        assert builders.builder_named(connection, "nobody") is None


def test_a_new_token_ends_draining(engine: Engine) -> None:
    with writing(engine) as connection:
        register(connection)
        builders.drain_builder(connection, "board", is_draining=True)
        renewed = builders.add_builder(
            connection, name="board", token_hash=digest("new"), targets=frozenset(), at=NOW
        )

    assert not renewed.is_draining


def test_only_a_builder_that_never_built_is_forgotten(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        busy, idle = register(connection, "busy"), register(connection, "idle")
        claim(connection, busy)
        finish(connection)

        assert builders.forget_builder(connection, idle.id)
        assert not builders.forget_builder(connection, busy.id)
        assert [builder.name for builder in builders.all_builders(connection)] == ["busy"]


def test_leases_are_counted_by_builder(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0", "3.0"))
        for version in ("1.0", "2.0", "3.0"):
            enqueue(connection, version=version)
        busy, _idle = register(connection, "busy"), register(connection, "idle")
        for build in (1, 2):
            claim(connection, busy, build=build)

    with reading(engine) as connection:
        assert builders.leases_of_builders(connection) == {busy.id: 2}
