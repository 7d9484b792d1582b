from dataclasses import replace
from datetime import UTC, datetime

from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile
from wheelyard.upstream.reconcile import Changes, changes, with_known_details

DEMO = parse_project_name("demo")
OLD = Filename("demo-1.0.tar.gz")
NEW = Filename("demo-2.0.tar.gz")
THEN = datetime(2026, 1, 2, tzinfo=UTC)


def file(name: Filename = OLD, **fields: object) -> UpstreamFile:
    usual: dict[str, object] = {
        "filename": name,
        "url": f"https://example.org/{name}",
        "hashes": {"sha256": "a" * 64},
    }
    return UpstreamFile(**usual | fields)  # type: ignore[arg-type] # a factory


def page(*files: UpstreamFile, **fields: object) -> ProjectPage:
    return ProjectPage(name=DEMO, files=files, **fields)  # type: ignore[arg-type] # a factory


def test_the_same_page_has_not_changed() -> None:
    assert changes(page(file()), page(file())).is_empty


def test_a_new_serial_alone_is_no_change() -> None:
    assert changes(page(file(), serial=1), page(file(), serial=2)).is_empty


def test_the_order_of_files_is_no_change() -> None:
    assert changes(page(file(), file(NEW)), page(file(NEW), file())).is_empty


def test_without_a_stored_page_all_is_new() -> None:
    assert changes(None, page(file(), file(NEW, yanked=True))) == Changes(
        added=(OLD, NEW), yanked=(NEW,)
    )


def test_a_project_without_files_is_no_change_from_nothing() -> None:
    assert changes(None, page()).is_empty


def test_files_come_and_go() -> None:
    assert changes(page(file()), page(file(NEW))) == Changes(added=(NEW,), removed=(OLD,))


def test_other_bytes_under_a_name_are_a_change() -> None:
    other = file(hashes={"sha256": "b" * 64})
    assert changes(page(file()), page(other)) == Changes(changed=(OLD,))


def test_a_yank_is_a_change_and_so_is_its_end() -> None:
    plain, yanked = page(file()), page(file(yanked=True, yanked_reason="bad"))
    assert changes(plain, yanked) == Changes(changed=(OLD,), yanked=(OLD,))
    assert changes(yanked, plain) == Changes(changed=(OLD,), unyanked=(OLD,))


def test_another_reason_is_a_change_but_no_yank() -> None:
    before = page(file(yanked=True))
    after = page(file(yanked=True, yanked_reason="bad"))
    assert changes(before, after) == Changes(changed=(OLD,))


def test_the_removal_of_a_yanked_file_is_a_removal_only() -> None:
    assert changes(page(file(yanked=True)), page()) == Changes(removed=(OLD,))


def test_a_new_status_is_a_change() -> None:
    quarantined = page(status=ProjectStatus.QUARANTINED)
    assert changes(page(), quarantined) == Changes(status=ProjectStatus.QUARANTINED)
    assert changes(quarantined, page()) == Changes(status=ProjectStatus.ACTIVE)


def test_a_new_description_is_a_change() -> None:
    assert changes(page(), page(summary="A demo")) == Changes(described=True)
    assert changes(page(), page(display_name="Demo")) == Changes(described=True)
    assert changes(page(), page(status_reason="moved")) == Changes(described=True)


FULL = page(file(size=5, uploaded_at=THEN), display_name="Demo", summary="A demo")


def test_details_that_are_not_told_again_are_remembered() -> None:
    assert with_known_details(page(file()), FULL) == FULL


def test_details_of_other_bytes_are_forgotten() -> None:
    other = file(hashes={"sha256": "b" * 64})
    assert with_known_details(page(other), FULL).files == (other,)


def test_files_without_a_sha256_are_not_taken_for_the_same() -> None:
    unknown = file(hashes={})
    stored = page(replace(unknown, size=5))
    assert with_known_details(page(unknown), stored).files == (unknown,)


def test_new_details_win_over_remembered_ones() -> None:
    newer = page(file(size=6, uploaded_at=THEN), display_name="DEMO", summary="New")
    assert with_known_details(newer, FULL) == newer


def test_a_yank_is_remembered_while_the_details_are_away() -> None:
    yanked = page(file(size=5, yanked=True, yanked_reason="bad"))
    assert with_known_details(page(file()), yanked) == yanked


def test_a_yank_ends_when_the_details_are_there() -> None:
    yanked = page(file(size=5, yanked=True, yanked_reason="bad"))
    lifted = page(file(size=5))
    assert with_known_details(lifted, yanked) == lifted


def test_without_a_stored_page_there_is_nothing_to_remember() -> None:
    assert with_known_details(page(file()), None) == page(file())
