"""What environments of this machine cost: how fast their compilers are, and what a layer takes.

    PYTHONPATH=tests python bench/lanes.py [PACKAGE…]

prints, for each environment that is here, the speed of its lane beside the machine's own (as
builders measure it), and the seconds that a layer with these packages takes when they are cached.
"""

import sys
import time
from statistics import median

from wheelyard.builder.environments.helper import made_layer
from wheelyard.builder.environments.root import root_view
from wheelyard.builder.environments.store import Store
from wheelyard.builder.offers import lane_of, measure
from wheelyard.builder.sandbox.opening import open_sandbox
from wheelyard.builder.sandbox.sandbox import Sandbox
from wheelyard.model.environment import EnvironmentName, parse_debian_package, target_of_environment
from wheelyard.settings import load

ROUNDS = 3


def main(packages: list[str]) -> None:
    """Measure every environment in turn, and print a table."""
    settings = load()
    store, sandbox = Store(settings.builder.environment_folder), open_sandbox(settings)
    rows = []
    for name in store.names():
        if name.variant:
            continue
        rows.append((name, _speed(store, sandbox, name), _layer(store, name, packages)))
    own = max(speed for name, speed, _ in rows if lane_of(name).value == "native")
    print(f"| environment | lane | compilations/s | ratio | layer with {' '.join(packages)} |")
    print("|---|---|---|---|---|")
    for name, speed, layer in rows:
        lane = lane_of(name).value
        print(f"| {name} | {lane} | {speed:.2f} | {speed / own:.2f} | {layer:.1f} s |")


def _speed(store: Store, sandbox: Sandbox, name: EnvironmentName) -> float:
    version = store.current(name)
    target = target_of_environment(name, version.manifest.python)
    if target is None:
        raise RuntimeError(f"{name} is made for no target")
    shown = sandbox.showing(root_view(version.root))
    return median(measure(shown, target) for _ in range(ROUNDS))


def _layer(store: Store, name: EnvironmentName, packages: list[str]) -> float:
    """Return the seconds until a layer is there, its packages having been fetched before."""
    wanted = [parse_debian_package(package) for package in packages]
    seconds = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        with made_layer(store.folder, name, wanted, words=None, say=_silent, check=_go_on):
            seconds.append(time.monotonic() - begun)
    return min(seconds)


def _silent(_text: str) -> None:
    """Say nothing."""


def _go_on() -> None:
    """Never give up."""


if __name__ == "__main__":
    main(sys.argv[1:] or ["libacl1-dev"])
