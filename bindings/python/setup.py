"""Builds the wheel: the package, the header, and the shared library that `cargo xtask install` has made.

FULGURITE_PREFIX names the prefix that it was installed below; /usr/local where it is not set.
"""

import os
import pathlib
import shutil
import sys

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py
from wheel.bdist_wheel import bdist_wheel

PREFIX = pathlib.Path(os.environ.get("FULGURITE_PREFIX", "/usr/local"))
LIBRARY = "libfulgurite.1.dylib" if sys.platform == "darwin" else "libfulgurite.so.1"


class BuildWithLibrary(build_py):
    """Puts header and library beside the modules."""

    def run(self) -> None:
        super().run()
        folder = pathlib.Path(self.build_lib) / "fulgurite"
        shutil.copyfile(PREFIX / "include/fulgurite.h", folder / "fulgurite.h")
        shutil.copyfile(PREFIX / "lib" / LIBRARY, folder / LIBRARY)


class PlatformWheel(bdist_wheel):
    """Any Python 3, but only this platform."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


class BinaryDistribution(Distribution):
    """Not pure, so that it is laid out for one platform."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    name="fulgurite",
    version="0.1.0",
    description="Payment routing and pathfinding for the Lightning Network",
    license="MIT OR Apache-2.0",
    python_requires=">=3.8",
    install_requires=["cffi>=1.14"],
    packages=["fulgurite"],
    package_data={"fulgurite": ["py.typed"]},
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
    distclass=BinaryDistribution,
)
