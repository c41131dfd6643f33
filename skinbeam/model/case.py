"""The case file: a consultation, or a pulse on a skin, in clinical units.

Attribute names are the keys of the file. Every value is checked alone where its table is declared; `Case` checks what
only several tables together can break. What a device can emit is checked in `laser.settings`.
"""

import itertools
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from skinbeam.schema.consultation import Clinic, Concern, Patient, Photo, SessionDone, TestSpot
from skinbeam.schema.exposure import Bath, Cooling, Laser, Lesion, Microbeam, Settings, Skin, Vessel
from skinbeam.schema.fields import FieldFault, Section, text

__all__ = ["Case"]

_WITHOUT_TISSUE: Mapping[str, str] = {"blood": "blood in a cuvette", "melanosome": "one granule in water"}
_WITHOUT_MELANIN = ("blood", "phantom", "chick-membrane")


class Case(Section):
    """A whole case file."""

    title: Annotated[str, text(200)] = ""
    patient: Patient | None = None
    concern: list[Concern] = Field(default=[], max_length=50)
    test_spot: list[TestSpot] = Field(default=[], max_length=200)
    session: list[SessionDone] = Field(default=[], max_length=200)
    clinic: Clinic | None = None
    photo: Photo | None = None
    skin: Skin | None = None
    vessel: list[Vessel] = Field(default=[], max_length=1000)
    lesion: list[Lesion] = Field(default=[], max_length=100)
    laser: Laser | None = None
    settings: Settings | None = None
    microbeam: Microbeam | None = None
    cooling: Cooling | None = None
    bath: Bath | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Case":
        for check in (
            _concerns_differ,
            _one_heat_source,
            _microbeam_holds_the_dose,
            _vessels_apart,
            _targets_in_tissue,
            _layers_sound,
        ):
            check(self)
        return self


def _concerns_differ(case: Case) -> None:
    seen: dict[tuple[str, str], int] = {}
    for index, concern in enumerate(case.concern):
        key = (concern.condition, concern.site)
        if key in seen:
            raise FieldFault(
                "concern-twice",
                f"concern[{index}] is {concern.condition} at {concern.site}, as is concern[{seen[key]}]",
                "Name each condition once a site.",
                field=f"concern[{index}]",
            )
        seen[key] = index


def _one_heat_source(case: Case) -> None:
    if case.bath is not None and (case.laser or case.settings or case.microbeam):
        raise FieldFault(
            "two-heat-sources", "[bath] stands beside a laser", "Keep [bath], or [laser] with [settings].", field="bath"
        )


def _microbeam_holds_the_dose(case: Case) -> None:
    if case.microbeam is None or case.settings is None:
        return
    given = [
        name for name in ("fluence_J_cm2", "energy_J", "power_W", "spot_mm") if getattr(case.settings, name) is not None
    ]
    if given:
        raise FieldFault(
            "two-beams",
            f"[settings] {', '.join(given)} beside [microbeam]",
            "With [microbeam] the dose is energy_mJ per beam; [settings] holds pulse_ms and trains only.",
            field=f"settings.{given[0]}",
        )


def _vessels_apart(case: Case) -> None:
    deep = sorted(enumerate(case.vessel), key=lambda item: item[1].depth_um)
    for (i, upper), (j, lower) in itertools.pairwise(deep):
        gap = lower.depth_um - upper.depth_um
        if gap < upper.outer_radius_um + lower.outer_radius_um:
            raise FieldFault(
                "vessels-overlap",
                f"vessel[{i}] and vessel[{j}] overlap: axes {gap:g} µm apart, radii with walls "
                f"{upper.outer_radius_um:g} and {lower.outer_radius_um:g} µm",
                "The depths of two axes differ by at least the sum of the radii, with the walls that are given.",
                field=f"vessel[{j}]",
            )


def _targets_in_tissue(case: Case) -> None:
    """A cuvette of blood and a granule in water hold no vessel and no lesion; only a granule has its kind said."""
    if case.skin is None or case.skin.layer:
        return
    name = case.skin.preset
    for field, given in (("vessel[0]", case.vessel), ("lesion[0]", case.lesion)):
        if name in _WITHOUT_TISSUE and given:
            raise FieldFault(
                "no-tissue",
                f'[[{field[:-3]}]] stands beside the preset "{name}", {_WITHOUT_TISSUE[name]}',
                f'Leave [[{field[:-3]}]] out, or take a preset of skin, or "chick-membrane".',
                field=field,
            )
    if case.skin.melanosome is not None and name in _WITHOUT_MELANIN:
        raise FieldFault(
            "no-melanosomes",
            f'melanosome = "{case.skin.melanosome}" stands beside the preset "{name}", which has none',
            'Leave it out, or take the preset "melanosome".',
            field="skin.melanosome",
        )


def _layers_sound(case: Case) -> None:
    if case.skin is None:
        return
    names = [layer.name for layer in case.skin.layer]
    for index, layer in enumerate(case.skin.layer):
        if layer.name in names[:index]:
            raise FieldFault(
                "layer-twice",
                f'skin.layer[{index}] is the second called "{layer.name}"',
                "Layer names are unique.",
                field=f"skin.layer[{index}].name",
            )
        if layer.thickness_um is None and index < len(names) - 1:
            raise FieldFault(
                "layer-without-thickness",
                f"skin.layer[{index}] has no thickness_um and is not the last",
                "Only the last layer may be left without a thickness: it is then semi-infinite.",
                field=f"skin.layer[{index}].thickness_um",
            )
