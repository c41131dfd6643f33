"""Make a package callable that has the name of a public function, such as `skinbeam.plan(case)`."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["make_callable"]


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._function(*args, **keywords)

    def __reduce__(self) -> tuple[Any, ...]:
        return import_module, (self.__name__,)  # as a function is pickled: by its name, for a pool of processes

    @property
    def _function(self) -> Callable[..., Any]:
        # By name, because the public functions stand above every package that they use.
        function: Callable[..., Any] = getattr(
            import_module("skinbeam.public.questions"), self.__name__.rpartition(".")[2]
        )
        return function

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._function)

    @property
    def __doc__(self) -> str:  # type: ignore[override] # a data descriptor, which goes before the module's own text
        call = f"{self.__name__.rpartition('.')[2]}{self.__signature__}"
        return f"{call}\n\n{inspect.getdoc(self._function)}\n\nAs a package: {self.__dict__['__doc__']}"


def make_callable(name: str) -> None:
    """Make the package of a name call the public function of its last part, and show its signature and help."""
    sys.modules[name].__class__ = _CallablePackage
