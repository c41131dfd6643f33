"""Results that hold arrays over axes, which they give as a Dataset of xarray or a table of pandas."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from skinbeam._version import __version__
from skinbeam.model.document import DocumentResult
from skinbeam.model.estimate import Unknown
from skinbeam.model.quantity_units import output_unit

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["ArrayResult"]


class ArrayResult(DocumentResult):
    """An answer with arrays over axes: of `window`, `skin`, `light` and `light_profile`."""

    axes: ClassVar[tuple[str, ...]]  # names of the axes, whose values are fields, too
    arrays: ClassVar[tuple[str, ...]]  # names of the fields over all of these axes

    def to_xarray(self) -> "xr.Dataset":
        """Return the arrays over their axes, with units; of one that is unknown, NaN and why."""
        import xarray as xr

        dose = getattr(self, "of", "")  # what the axis of doses of a window is
        coordinates = {name: (name, getattr(self, name), {"units": output_unit(name, dose)}) for name in self.axes}
        shape = [len(getattr(self, name)) for name in self.axes]
        plain: dict[str, Any] = {
            name: value
            for name, value in vars(self).items()
            if isinstance(value, str | int | float) and not isinstance(value, bool)
        }
        variables = {}
        for name in self.arrays:
            values, attributes = getattr(self, name), {"units": output_unit(name)}
            if "level" in plain:
                attributes["level"] = plain["level"]
            if isinstance(values, Unknown):
                attributes["unknown"] = values.reason
                values = np.full(shape, np.nan)
            variables[name] = (self.axes, values, attributes)
        return xr.Dataset(variables, coordinates, {"schema": self.schema, "version": __version__, **plain})

    def to_dataframe(self) -> "pd.DataFrame":
        """Return the arrays of `to_xarray` as a table with a row for each point of the axes."""
        return self.to_xarray().to_dataframe()
