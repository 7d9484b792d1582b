from pathlib import Path

from wheelyard.builder.environments.host import host_view
from wheelyard.builder.environments.view import View
from wheelyard.builder.sandbox.arguments import inner_launcher, launcher, options
from wheelyard.builder.sandbox.folders import BuildUser
from wheelyard.builder.sandbox.sandbox import Command
from wheelyard.model.build import Limits

EMPTY = View(shown={}, hidden=(), links={}, made_up={})


def arguments(command: Command, view: View = EMPTY) -> list[str]:
    return [
        word if isinstance(word, str) else f"<{word.decode()}>" for word in options(command, view)
    ]


def command(**fields: object) -> Command:
    return Command(**{"arguments": ("/bin/true",), "folder": "/", **fields})  # type: ignore[arg-type]


def joined(words: list[str]) -> str:
    return " ".join(words)


def test_a_merged_system_shows_usr_and_links_into_it(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/local").mkdir()
    (tmp_path / "bin").symlink_to("usr/bin")

    view = host_view(tmp_path)

    assert view.shown == {"/usr": tmp_path / "usr"}
    assert view.hidden == ("/usr/local",)
    assert view.links["/bin"] == "usr/bin"


def test_a_system_that_is_not_merged_shows_its_own_folders(tmp_path: Path) -> None:
    for name in ("usr", "bin", "lib"):
        (tmp_path / name).mkdir()

    view = host_view(tmp_path)

    assert view.shown == {
        "/usr": tmp_path / "usr",
        "/bin": tmp_path / "bin",
        "/lib": tmp_path / "lib",
    }
    assert view.hidden == ()


def test_of_the_systems_configuration_only_what_builds_need_is_shown(tmp_path: Path) -> None:
    for name in ("shadow", "passwd", "hosts", "hostname", "os-release", "ld.so.conf"):
        (tmp_path / "etc").mkdir(exist_ok=True)
        (tmp_path / "etc" / name).write_text("of the host")

    view = host_view(tmp_path)

    assert [path for path in view.shown if path.startswith("/etc")] == [
        "/etc/ld.so.conf",
        "/etc/os-release",
    ]
    assert view.made_up["/etc/passwd"].endswith(b"builder:x:1000:1000:builder:/tmp/home:/bin/sh\n")


def test_every_isolation_is_asked_for() -> None:
    words = arguments(command())

    assert {
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"),
        *("--new-session", "--clearenv"),
    } <= set(words)
    assert "--cap-drop ALL" in joined(words)


def test_outer_folders_come_before_those_within_them() -> None:
    words = arguments(
        command(
            read_only={"/work/tool": Path("/a")},
            writable={"/work": Path("/b"), "/work/tool/out": Path("/c")},
        )
    )

    assert "--bind /b /work --ro-bind /a /work/tool --bind /c /work/tool/out" in joined(words)


def test_the_root_is_closed_only_when_everything_is_in_its_place() -> None:
    words = joined(arguments(command(writable={"/work": Path("/b")})))

    assert words.index("--bind /b /work") < words.index("--remount-ro /dev --remount-ro /")


def test_private_folders_are_limited_by_the_memory_they_take() -> None:
    words = joined(arguments(command(limits=Limits(memory_bytes=8000))))

    assert "--perms 1777 --size 4000 --tmpfs /tmp" in words
    assert "--perms 1777 --size 2000 --tmpfs /dev/shm" in words


def test_a_made_up_file_is_handed_over_as_its_bytes() -> None:
    view = View(shown={}, hidden=(), links={}, made_up={"/etc/hosts": b"content"})

    assert "--perms 0444 --ro-bind-data <content> /etc/hosts" in joined(arguments(command(), view))


def test_root_gives_up_its_rights_before_bubblewrap_starts() -> None:
    words = joined(list(launcher(BuildUser(uid=7, gid=8))))

    assert words == "setpriv --reuid 7 --regid 8 --clear-groups --inh-caps=-all --no-new-privs --"


def test_another_user_keeps_its_ids_and_gives_up_the_rest() -> None:
    assert joined(list(launcher(None))) == "setpriv --inh-caps=-all --no-new-privs --"


def test_processes_are_limited_one_by_one_only_where_no_control_group_counts_them() -> None:
    limits = Limits(processes=10)

    counted = inner_launcher(limits, limit_processes=False, most_open_files=500)
    watched = inner_launcher(limits, limit_processes=True, most_open_files=500)

    assert not [word for word in counted if word.startswith("--nproc")]
    assert "--nproc=18" in watched
    assert "--nofile=500" in watched
