"""How often visitors may ask."""

from dataclasses import dataclass

from wheelyard.web.allowance import Allowance


@dataclass
class Time:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_an_address_has_a_tenth_of_what_all_have() -> None:
    allowance = Allowance(20, now=Time())
    assert [allowance.grant("one") for _ in range(3)] == [True, True, False]
    assert allowance.grant("two")


def test_all_addresses_of_a_network_of_ipv6_are_one() -> None:
    allowance = Allowance(20, now=Time())
    assert [allowance.grant(f"2001:db8::{n}") for n in (1, 2, 3)] == [True, True, False]
    assert not allowance.grant("2001:db8::ffff:0:0:1")
    assert allowance.grant("2001:db8:0:1::1")
    mapped = ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2")
    assert [allowance.grant(address) for address in mapped] == [True, True, False, True]


def test_all_addresses_together_have_an_end_until_the_hour_is_over() -> None:
    time = Time()
    allowance = Allowance(10, now=time)
    assert [allowance.grant(str(n)) for n in range(11)] == [True] * 10 + [False]
    time.seconds = 3601.0
    assert allowance.grant("late")


def test_none_may_be_allowed() -> None:
    allowance = Allowance(0)
    assert not allowance.is_open
    assert not allowance.grant("one")
