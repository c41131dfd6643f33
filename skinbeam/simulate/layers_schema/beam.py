"""The beam of a layers file: its kinds, and the keys that each kind requires and allows."""

from typing import Annotated

from pydantic import AfterValidator, model_validator

from skinbeam.model.fields import FieldError, InputTable, choice, number

__all__ = ["LightBeam"]

BeamKind = Annotated[
    str,
    choice("pencil", "flat", "gaussian", "ring", "focused", "fibre", "top-hat"),
    AfterValidator(lambda kind: "flat" if kind == "top-hat" else kind),
]
_COLLIMATED_KEYS = ("kind", "spot_mm", "angle_deg", "x_um", "y_um")
# Allowed keys by kind. A pencil beam allows spot_mm, which has no influence on it.
_ALLOWED_BEAM_KEYS = {
    "pencil": _COLLIMATED_KEYS,
    "flat": _COLLIMATED_KEYS,
    "gaussian": _COLLIMATED_KEYS,
    "ring": (*_COLLIMATED_KEYS, "inner_mm"),
    "focused": ("kind", "spot_mm", "focus_um", "waist_um", "x_um", "y_um"),
    "fibre": ("kind", "spot_mm", "half_angle_deg", "x_um", "y_um"),
}
# Required keys by kind, with the hint for a missing key.
_REQUIRED_BEAM_KEYS = {
    "pencil": {},
    "flat": {},
    "gaussian": {"spot_mm": "A Gaussian beam has a width: give its 1/e² diameter in mm."},
    "ring": {
        "spot_mm": "A ring has an outer diameter: give it in mm.",
        "inner_mm": "A ring has an inner diameter: give it in mm, 0 for a full disc.",
    },
    "focused": {
        "spot_mm": "A focused beam has a width at the surface: give its 1/e² diameter there in mm.",
        "focus_um": "A focused beam narrows towards a depth: give that of its waist in µm.",
        "waist_um": "A focused beam has a waist: give its 1/e² diameter in µm, 0 for a point.",
    },
    "fibre": {
        "spot_mm": "A fibre has a core: give its diameter in mm.",
        "half_angle_deg": "A fibre fills a cone: give its half angle outside the skin in degrees.",
    },
}


class LightBeam(InputTable):
    """The beam of a layers file; without `spot_mm` a flat one is infinitely wide.

    `spot_mm` is the outer diameter; the 1/e² diameter of a Gaussian and, at the surface, of a focused beam; the core
    diameter of a fibre. `focus_um` is the depth at which the axis and the edge of a focused beam meet in straight
    lines, without refraction. `angle_deg` tilts a collimated beam in the plane of x and z, outside the skin; a fibre
    fills the cone of `half_angle_deg` evenly in solid angle, outside the skin. The axis meets the surface at `x_um`,
    `y_um`.
    """

    kind: BeamKind = "flat"
    spot_mm: Annotated[float, number(0, 1000, "mm", exclude_low=True)] | None = None
    inner_mm: Annotated[float, number(0, 1000, "mm")] | None = None
    focus_um: Annotated[float, number(0, 1e6, "µm", exclude_low=True)] | None = None
    waist_um: Annotated[float, number(0, 1e6, "µm")] | None = None
    half_angle_deg: Annotated[float, number(0, 90, "degrees", exclude_low=True, exclude_high=True)] | None = None
    angle_deg: Annotated[float, number(0, 85, "degrees", exclude_high=True)] = 0.0
    x_um: Annotated[float, number(-1e6, 1e6, "µm")] = 0.0
    y_um: Annotated[float, number(-1e6, 1e6, "µm")] = 0.0

    @model_validator(mode="after")
    def _check_keys(self) -> "LightBeam":
        given = [name for name in type(self).model_fields if self._is_given(name)]
        for name in given:
            if name not in _ALLOWED_BEAM_KEYS[self.kind]:
                kinds = " and ".join(kind for kind, takes in _ALLOWED_BEAM_KEYS.items() if name in takes)
                raise FieldError(
                    "key-not-used",
                    f"a {self.kind} beam has no {name}, read {getattr(self, name):g}",
                    f"Leave it out; {name} belongs to {kinds}.",
                    field=name,
                )
        for name, hint in _REQUIRED_BEAM_KEYS[self.kind].items():
            if name not in given:
                raise FieldError("missing-key", f'"{name}" is missing, nothing was read', hint, field=name)
        return self

    @model_validator(mode="after")
    def _check_shape(self) -> "LightBeam":
        if self.inner_mm is not None and self.spot_mm is not None and self.inner_mm >= self.spot_mm:
            raise FieldError(
                "ring-without-width",
                f"the inner diameter is not below the outer one, read {self.inner_mm:g} and {self.spot_mm:g}",
                "inner_mm below spot_mm.",
                field="inner_mm",
            )
        off = next((name for name in ("x_um", "y_um") if self._is_given(name)), None)
        if off is not None and self.kind == "flat" and self.spot_mm is None:
            raise FieldError(
                "endless-beam-has-no-place",
                f"an infinitely wide beam has no axis, read {getattr(self, off):g}",
                f"Give spot_mm, or leave {off} out.",
                field=off,
            )
        return self

    def _is_given(self, name: str) -> bool:
        return name in self.model_fields_set and getattr(self, name) is not None
