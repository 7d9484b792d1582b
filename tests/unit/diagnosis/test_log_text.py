import pytest

from wheelyard.diagnosis.diagnosis import RULES, diagnose
from wheelyard.diagnosis.log_text import LogText
from wheelyard.diagnosis.rule import Rule

MANY = 60_000


def test_lines_that_hold_a_literal_are_found_in_any_case() -> None:
    log = LogText("one\nFatal ERROR: x\nthree\nfatal error: y")
    assert [log.text(place) for place in log.places("fatal error")] == [
        "Fatal ERROR: x",
        "fatal error: y",
    ]


def test_a_literal_that_is_not_there_is_not_found() -> None:
    assert LogText("fatal erro\nr").places("fatal error") == ()


@pytest.mark.parametrize("shift", range(9))
def test_a_literal_is_found_wherever_it_starts(shift: int) -> None:
    log = LogText("x" * shift + "killed" + "y" * (8 - shift))
    assert len(log.places("killed")) == 1


def test_places_become_line_numbers_from_one() -> None:
    log = LogText("a\nb\nhere\nc\nhere\n")
    assert sorted(log.numbers(set(log.places("here"))).values()) == [3, 5]


def test_neighbours_come_nearest_first() -> None:
    log = LogText("a\nb\nhere\nc\nd\n")
    (place,) = log.places("here")
    assert [log.text(each) for each in log.before(place, 5)] == ["b", "a"]
    assert [log.text(each) for each in log.after(place, 5)] == ["c", "d"]


def test_a_line_by_its_number() -> None:
    log = LogText("a\nb\nc")
    assert [log.line(number) for number in (1, 3, 4)] == ["a", "c", ""]


def test_a_line_far_down_by_its_number() -> None:
    log = LogText("".join(f"line {number}\n" for number in range(1, 50_001)))
    assert [log.line(number) for number in (1, 8_000, 50_000, 50_002)] == [
        "line 1",
        "line 8000",
        "line 50000",
        "",
    ]


def test_quotes_are_plain_and_controls_are_gone() -> None:
    log = LogText("\x1b[1m\u2018a\u2019 \u201cb\u201d `c`\x07\x00\x9b\u2028")
    assert log.text(0) == "'a' \"b\" 'c'"


def test_lone_surrogates_do_no_harm() -> None:
    assert LogText("a\udc80b").text(0) == "a?b"


def test_only_so_many_lines_of_a_literal_are_looked_at() -> None:
    log = LogText("fatal error\n" * MANY)
    places = log.places("fatal error")
    assert len(places) < 200
    assert places[0] == 0
    assert places[-1] == 12 * (MANY - 1)


def test_only_so_much_of_a_line_is_looked_at() -> None:
    log = LogText("fatal error " + "x" * 1_000_000)
    assert len(log.text(0)) <= 500


def test_the_middle_of_a_huge_log_is_searched_only_when_asked() -> None:
    log = "x\n" * 1_000_000 + "needle\n" + "x\n" * 1_000_000
    assert LogText(log).places("needle") == ()
    assert LogText(log).places("needle", everywhere=True) == (2_000_000,)


def lines_looked_at(log: str) -> int:
    """Return how many lines all rules together look at in a log."""
    text = LogText(log)
    for rule in RULES:
        list(rule.findings(text))
    return text.looked_at


@pytest.mark.parametrize(
    "line",
    [
        "error: ",
        " ".join(rule.literal for rule in RULES),
        "cannot find " + "a, " * 400,
        "File " + "a." * 400 + "Error: x",
        "/" + "a/" * 450 + "x.c:1:1: error: y",
        "'" * 900,
        " " * 900,
        "\x1b[" + "0" * 900,
        "error: command '['git', '" + "pkg-config --a " * 60,
    ],
)
def test_work_does_not_grow_with_the_length_of_a_hostile_log(line: str) -> None:
    short = lines_looked_at(f"{line}\n" * 5_000)
    long = lines_looked_at(f"{line}\n" * 10_000)
    assert long <= short + 400
    assert long < 40_000


@pytest.mark.parametrize("log", ["a" * 3_000_000, "\n" * 3_000_000, "\x1b" * 3_000_000])
def test_logs_without_lines_or_words_do_no_harm(log: str) -> None:
    assert diagnose(log, exit_status=1)[0].remedy is None


def test_no_pattern_repeats_a_repetition() -> None:
    unbounded = [rule for rule in RULES if rule.pattern and _nests(rule)]
    assert unbounded == []


def _nests(rule: Rule) -> bool:
    pattern = rule.pattern or ""
    return any(nested in pattern for nested in ("+)+", "*)*", "+)*", "*)+", ".*.*", ".+.+"))
