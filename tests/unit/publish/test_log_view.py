"""What a page shows of a log: little, with what tells why."""

from markupsafe import escape

from wheelyard.publish.log_view import ShownLog, shown_log, shown_text


def numbers(log: ShownLog) -> list[int]:
    return [line.number for part in log.parts for line in part.lines]


def marked(log: ShownLog) -> list[int]:
    return [line.number for part in log.parts for line in part.lines if line.is_evidence]


def test_a_short_log_is_shown_whole() -> None:
    log = shown_log(b"one\n\n  three\nfour")
    [part] = log.parts
    assert (part.left_out, [line.text for line in part.lines]) == (
        0,
        ["one", "", "  three", "four"],
    )
    assert (log.size, log.first_evidence) == (4, None)


def test_no_log_has_no_lines() -> None:
    assert shown_log(b"") == ShownLog(parts=(), size=0)


def test_of_a_long_log_the_evidence_the_start_and_the_end_are_shown() -> None:
    lines = [
        b"a line of no interest that says nothing at all %d" % number for number in range(90_000)
    ]
    log = shown_log(b"\n".join(lines), numbers=[40_000, 40_001, 95_000, 0, -3])
    shown = numbers(log)
    assert marked(log) == [40_000, 40_001]
    assert {1, 15, 39_988, 40_013, 89_921, 90_000} <= set(shown)
    assert shown == sorted(shown)
    assert len(shown) == 15 + 26 + 80
    assert len(shown) + sum(part.left_out for part in log.parts) == 90_000
    assert log.first_evidence == 40_000


def test_evidence_is_found_by_its_text_near_its_longest_line() -> None:
    block = b"}\nspam.c:1: error: foo.h is missing\n  }\n"
    log = shown_log(
        b"}\n" + b"quiet\n" * 100 + block + b"}\n",
        evidence=["}", "spam.c:1: error: foo.h is missing", "not there"],
    )
    assert marked(log) in ([102, 103], [103, 104])


def test_what_is_shown_stays_small_however_hostile_the_log() -> None:
    logs = (
        b"<&\"'>" * 4_000_000,
        b"<&\"'>\n" * 1_000_000,
        b"\n" * 3_000_000,
        b"\x1b[" * 2_000_000,
        b"\xff\xfe\n" * 500_000,
    )
    for text in logs:
        log = shown_log(text, numbers=range(1, 1000), evidence=["<" * 500] * 500)
        size = sum(
            len(str(escape(line.text)).encode()) for part in log.parts for line in part.lines
        )
        assert size < 60_000
        assert len(numbers(log)) < 1100


def test_a_line_is_shown_as_a_terminal_ends_up_with_it() -> None:
    assert shown_text(b" 10 %\r 50 %\r100 % \x1b[1;31mdone\x1b[0m\x07\r") == "100 % done"
    assert shown_text(b"\tkept\x00") == "\tkept"
    assert shown_text(b"x" * 9000) == "x" * 400 + "…"
    assert shown_text(b"\xc3") == "�"
