from collections.abc import Callable

import factories


def test_every_factory_makes_a_value_without_arguments_and_the_same_each_time() -> None:
    makers: list[Callable[[], object]] = [
        factories.target,
        factories.want,
        factories.upstream_file,
        factories.project_page,
        factories.decision,
        factories.failure,
        factories.builder,
        factories.wheel_file,
        factories.wheel,
    ]

    assert [make() for make in makers] == [make() for make in makers]
