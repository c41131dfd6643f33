"""Make a package callable that has the name of a public function, such as `skinbeam.plan(case)`."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["make_callable"]


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        name = self.__name__.rpartition(".")[2]
        # By name, because the public functions stand above every package that they use.
        return getattr(import_module("skinbeam.public.questions"), name)(*args, **keywords)


def make_callable(name: str) -> None:
    """Make the package of a name call the public function of its last part."""
    sys.modules[name].__class__ = _CallablePackage
