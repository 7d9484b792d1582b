from wheelyard.builder.processor import of_builds, of_imports


def test_wheels_for_armv6l_are_built_and_named_as_on_the_oldest_board() -> None:
    assert of_builds("armv6l") == {
        "_PYTHON_HOST_PLATFORM": "linux-armv6l",
        "QEMU_CPU": "arm1176",
    }


def test_other_builds_are_told_nothing() -> None:
    assert of_builds("armv7l") == of_builds("x86_64") == {}


def test_modules_are_imported_on_the_oldest_processor_of_the_architecture() -> None:
    found = [of_imports(name) for name in ("armv6l", "armv7l", "aarch64")]

    assert found == [{"QEMU_CPU": "arm1176"}, {"QEMU_CPU": "cortex-a7"}, {}]
