"""What the server is told of an environment: its packages, libraries and symbols."""

from wheelyard.builder.environments.store import Version
from wheelyard.builder.inspecting import python_exports
from wheelyard.certify.libraries import read_libraries
from wheelyard.model.target import Target
from wheelyard.protocol import EnvironmentMessage, PackageMessage


def message_of(version: Version, target: Target) -> EnvironmentMessage:
    """Return the manifest of an environment as the server takes it."""
    manifest, libraries = version.manifest, read_libraries(version.root)
    return EnvironmentMessage(
        environment=manifest.environment,
        origin=manifest.origin,
        python=manifest.python,
        glibc=manifest.glibc,
        packages=tuple(
            PackageMessage(name=item.name, architecture=item.architecture, version=item.version)
            for item in manifest.packages
        ),
        libraries=dict(libraries.packages),
        dependencies=dict(libraries.dependencies),
        python_exports=tuple(sorted(python_exports(version.root, target))),
    )
