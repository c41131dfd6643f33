"""Devices and the settings that they can emit, read from `data/lasers/*.toml` or from a clinic's own file."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from skinbeam.laser.device_class import head_classes
from skinbeam.model.case import Case
from skinbeam.model.device_file import CoolingHead, DeviceFile, DeviceHead, Offer, SpotOutput
from skinbeam.model.document import DocumentResult, round_significant, sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, parse_record, parse_toml, read_toml
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources, source_keys
from skinbeam.model.suggestions import unknown_device_error
from skinbeam.model.units import MM, MS, NS, PS, UM, US
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES, COLUMN_MODALITIES, SURFACE_MODALITIES
from skinbeam.text import Formatter, Message, catalogue, render_message

__all__ = [
    "Device",
    "DeviceList",
    "beam_sizes_mm",
    "describe_light",
    "describe_pulse",
    "describe_pulses",
    "describe_sizes",
    "describe_values",
    "describe_window",
    "devices",
    "list_devices",
    "load_device",
    "names_light",
    "parse_device",
    "read_catalogue_file",
    "read_device_file",
    "shortest_removing_nm",
    "tip_size_mm",
    "title_with_light",
]


@dataclass(frozen=True, repr=False)
class Device:
    """A laser or lamp and the settings that it can emit.

    Parameters
    ----------
    name : its name in `skinbeam lasers`, or the stem of its file.
    file : the validated device file.
    """

    name: str
    file: DeviceFile

    def __repr__(self) -> str:
        return f"<device {self.name}: {self.title}>"

    @property
    def title(self) -> str:
        """Name for people."""
        return self.file.title

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities of `data/modalities.toml` for which it can be used."""
        return tuple(self.file.modalities)

    def doing(self, modality: str) -> "Device | None":
        """Return the device with only the heads whose light does a modality: itself if all do, None if none does."""
        heads = [head for head in self.heads if self.does(modality, head)]
        if len(heads) == len(self.heads):
            return self
        return self.with_heads(heads) if heads else None

    def with_heads(self, heads: Sequence[DeviceHead]) -> "Device":
        """Return the device with these of its heads alone."""
        return Device(self.name, self.file.model_copy(update={"head": list(heads)}))

    def does(self, modality: str, head: DeviceHead) -> bool:
        """Return whether the light of one of its heads does one of its modalities, in columns or in a full field.

        A machine of 10600 and 1570 nm removes columns with the one and heats them with the other.
        """
        if modality not in self.modalities or (
            not self.lens_array and self.microbeam != (modality in COLUMN_MODALITIES)
        ):
            return False
        if modality in SURFACE_MODALITIES:
            removes = head.band_nm is None and head.wavelength_nm >= shortest_removing_nm()
            return removes == (modality in ABLATIVE_MODALITIES)
        return True

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of its heads, without the wider classes that hold them, in the order of the file."""
        return tuple(dict.fromkeys(name for head in self.heads for name in head_classes(self.file, head)))

    @property
    def microbeam(self) -> bool:
        """Whether it emits microbeams rather than a full field."""
        return self.file.emission == "microbeam"

    @property
    def lens_array(self) -> bool:
        """Whether an optic splits its spots into many small beams of unknown energy."""
        return self.file.emission == "lens-array"

    @property
    def profile(self) -> str:
        """Profile of its spot or microbeam: top-hat or gaussian."""
        return self.file.profile

    @property
    def heads(self) -> tuple[DeviceHead, ...]:
        """Its modes of operation."""
        return tuple(self.file.head)

    @cached_property
    def heads_by_setting(self) -> dict[tuple[Any, ...], tuple[DeviceHead, ...]]:
        """The heads that emit a setting, of those that were asked for: a plan asks for the same thousands of times."""
        return {}

    @property
    def cooling(self) -> tuple[CoolingHead, ...]:
        """Its built-in cooling."""
        return tuple(self.file.cooling)

    @property
    def is_lamp(self) -> bool:
        """Whether its light comes from a filtered lamp."""
        return any(head.band_nm is not None for head in self.heads)

    @property
    def compression(self) -> str | None:
        """Window that is pressed on the skin during the pulse; None if there is none."""
        return self.file.compression

    @property
    def wavelengths_nm(self) -> tuple[float, ...]:
        """All wavelengths, ascending, without repetition; for a filtered lamp the cut-off of each filter."""
        return tuple(sorted({head.wavelength_nm for head in self.heads}))

    @property
    def pulse_ms(self) -> tuple[float, float]:
        """Shortest and longest pulse of any head."""
        return _outer_range(head.pulse_ms.ends for head in self.heads)

    @property
    def dose(self) -> tuple[float, float]:
        """Least and greatest fluence (J/cm²), or energy of a microbeam (mJ), of any head."""
        if self.microbeam:
            return _outer_range(tip.energy_mJ.ends for head in self.heads for tip in head.tip)
        return _outer_range(spot.fluence_J_cm2.ends for head in self.heads for spot in head.spot)

    @property
    def spots_mm(self) -> tuple[float, ...]:
        """Diameters of the spots, or of the microbeams, ascending, without repetition."""
        return tuple(sorted({size for head in self.heads for size in beam_sizes_mm(head)}))

    def window_mm(self, spot_mm: float) -> tuple[float, float] | None:
        """Return the sides of the rectangular window whose disc of equal area has this diameter; None without one."""
        for head in self.heads:
            for spot in head.spot:
                if spot.footprint_mm is not None and math.isclose(spot.diameter_mm, spot_mm, rel_tol=1e-6):
                    width, height = spot.footprint_mm
                    return width, height
        return None

    @property
    def remarks(self) -> tuple[Message, ...]:
        """Remarks on its ranges: their origin and, for a known device, its peculiarities."""
        ids = (f"laser-stated.{self.file.stated.replace(' ', '-')}", f"laser-note.{self.name}")
        return tuple(Message(id) for id in ids if id in catalogue())

    def as_record(self) -> dict[str, Any]:
        """Return its entry in `skinbeam.lasers/1`."""
        record = {
            "name": self.name,
            "title": self.title,
            "wavelengths_nm": self.wavelengths_nm,
            "modalities": self.modalities,
            "classes": self.classes,
            "emission": self.file.emission,
            "pulse_ms": self.pulse_ms,
            "energy_mJ" if self.microbeam else "fluence_J_cm2": self.dose,
            "spots_mm": self.spots_mm,
            "profile": self.profile,
            "repetition_Hz": self.file.repetition_Hz.ends,
            "cooling": [head.kind for head in self.cooling] or ["none"],
            "eyewear_nm": self.file.eyewear_nm,
            "stated": self.file.stated,
            "source": self.file.source,
            "remarks": [message.text for message in self.remarks],
        }
        if self.compression is not None:
            record["compression"] = self.compression
        windows = [spot.footprint_mm for head in self.heads for spot in head.spot if spot.footprint_mm is not None]
        if windows:
            record["footprints_mm"] = [list(window) for window in dict.fromkeys(map(tuple, windows))]
        trains = [head.train for head in self.heads if head.train is not None]
        if trains:
            record["train_pulses"] = _outer_range(train.pulses.ends for train in trains)
            record["train_delay_ms"] = _outer_range(train.delay_ms.ends for train in trains)
        if self.microbeam:
            record["density_per_cm2"] = _outer_range(
                tip.density_per_cm2.ends for head in self.heads for tip in head.tip
            )
        return record

    def cite(self) -> None:
        """Record the sources of its ranges as used; sources outside the bibliography are listed in its record only."""
        cite_sources(*(key for key in self.file.source if key in source_keys()))


def beam_sizes_mm(head: DeviceHead) -> tuple[float, ...]:
    """Return the diameters that a head offers, in mm, whether spots or microbeams."""
    return tuple(spot.diameter_mm for spot in head.spot) + tuple(tip_size_mm(tip.diameter_um) for tip in head.tip)


@cache
def shortest_removing_nm() -> float:
    """Return the shortest wavelength that is taken to remove skin."""
    return float(load_package_table("data/tissue/ablation.toml")["range"]["shortest_nm"]["value"])


@cache
def tip_size_mm(diameter_um: float) -> float:
    """Return the diameter of a microbeam in mm, without rounding error of the conversion."""
    return round_significant(diameter_um * UM / MM, 9)


def _outer_range(ranges: Iterable[tuple[float, float]]) -> tuple[float, float]:
    lows, highs = zip(*ranges, strict=True)
    return min(lows), max(highs)


@cache
def devices() -> Mapping[str, Device]:
    """Return every known device by name, in the order of the names.

    Raises
    ------
    InputError : a file of the package does not match the schema.
    """
    return {
        path.stem: read_device_file(path, "lasers")
        for path in sorted(_catalogue_folder().glob("*.toml"), key=lambda path: path.stem)
    }


def read_catalogue_file(name: str) -> bytes:
    """Return the file of a known device, from which another one can be written.

    Raises
    ------
    KeyError : there is none of this name.
    """
    if name not in devices():
        raise KeyError(name)
    return (_catalogue_folder() / f"{name}.toml").read_bytes()


def _catalogue_folder() -> Path:
    return Path(str(resources.files("skinbeam") / "data" / "lasers"))


def load_device(name_or_path: str, folder: Path | None = None, *, field: str = "laser.device") -> Device:
    """Return the device with this name, or the device of the `.toml` file with this name inside `folder`.

    Raises
    ------
    InputError : no such device (the nearest is named), no such file, a file outside the folder, an invalid file.
    """
    if name_or_path.endswith(".toml"):
        return read_device_file(
            LoadedCase(Case(), folder or Path(), file="").resolve_path(name_or_path, field=field), field
        )
    known = devices()
    if name_or_path not in known:
        if Path(name_or_path).name == name_or_path and (Path(folder or "") / f"{name_or_path}.toml").is_file():
            hint = f'A file of this name lies beside the case: write "{name_or_path}.toml".'
            raise InputError("unknown-device", f'unknown device "{name_or_path}"', field=field, hint=hint)
        raise unknown_device_error(name_or_path, known, field=field)
    return known[name_or_path]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DeviceList(DocumentResult):
    """Devices with the settings that they can emit."""

    schema: ClassVar[str] = "skinbeam.lasers/1"

    lasers: tuple[Device, ...]


def list_devices() -> DeviceList:
    """Return the settings that every known device can emit."""
    asked = sha256_hex({"command": "lasers"})
    return DeviceList(case_sha256=asked, seed=0, lasers=tuple(devices().values()))


def read_device_file(path: Path, field: str = "FILE") -> Device:
    """Return the device of a file.

    Raises
    ------
    InputError : a fault of the file, with the path of the key.
    """
    tables = read_toml(path, field=field, description="a device file")
    return Device(path.stem, parse_record(DeviceFile, tables, file=path.name))


def parse_device(content: bytes, file: str, *, field: str) -> Device:
    """Return the device of the content of a file.

    Parameters
    ----------
    file : the name of the file, of which the device has its name.
    field : what an error of the whole content names.

    Raises
    ------
    InputError : a fault of the content, with the path of the key.
    """
    return Device(Path(file).stem, parse_record(DeviceFile, parse_toml(content, file, field=field), file=file))


# Descriptions of a device in words: its light, and the settings that it offers, with their units.

_TIME_UNITS = {-12: "ps", -9: "ns", -6: "µs", -3: "ms", 0: "s"}
MAX_LISTED_VALUES = 12  # of a longer list only the ends are printed


def describe_light(wavelength_nm: float, *, lamp: bool) -> str:
    """Return light in words: `595 nm`, or for a filtered lamp, whose wavelength is its cut-off, `from 560 nm`."""
    return render_message("light-of.lamp" if lamp else "light-of.laser", {"nm": wavelength_nm})


def describe_pulse(pulse_ms: float) -> str:
    """Return a pulse length in its usual unit: ps, ns, µs, or ms from a tenth of one on."""
    units = ((0.1, 1.0, "ms"), (US / MS, US / MS, "µs"), (NS / MS, NS / MS, "ns"), (0.0, PS / MS, "ps"))
    _, size, unit = next(unit for unit in units if pulse_ms >= unit[0])
    return f"{Formatter().number(pulse_ms / size)} {unit}"


def title_with_light(title: str, wavelength_nm: float, *, lamp: bool) -> str:
    """Return the title of a device with one of its wavelengths, which is not repeated if the title names it alone.

    It is added to a title that names two wavelengths, which does not tell which of them is used, and to every title of
    a lamp.
    """
    if names_light(title, wavelength_nm, lamp=lamp):
        return title
    return f"{title}, {describe_light(wavelength_nm, lamp=lamp)}"


def names_light(title: str, wavelength_nm: float, *, lamp: bool) -> bool:
    """Return whether the title of a device tells which light is used: its wavelength, and no other."""
    nm = f"{wavelength_nm:g}"
    return not lamp and set(re.findall(r"\d{3,5}(?:\.\d+)?", title)) == {nm} and f"{nm} nm" in title


def describe_sizes(spots: Iterable[SpotOutput]) -> str:
    """Return e.g. `5, 7 mm; 15 by 35 mm`: the diameters of spots, and the sides of rectangular windows."""
    offered = list(spots)
    discs = ", ".join(f"{mm:g}" for mm in sorted({s.spot_mm for s in offered if s.spot_mm is not None}))
    windows = dict.fromkeys(describe_window(s.footprint_mm) for s in offered if s.footprint_mm is not None)
    return "; ".join([*([f"{discs} mm"] if discs else []), *windows])


def describe_window(footprint_mm: Sequence[float]) -> str:
    """Return the sides of a rectangular window, e.g. `15 by 35 mm`."""
    width, height = footprint_mm
    return render_message("setting.window", {"width": width, "height": height})


def describe_values(offers: Iterable[Offer[Any]], unit: str) -> str:
    """Return e.g. `5 to 20 ms; 0.45, 1.5 or 3 ms`, without repetition; adjacent ranges are merged."""
    texts = dict.fromkeys(_describe_values_once(offer) for offer in _merge_ranges(offers))
    return "; ".join(f"{text} {unit}".rstrip() for text in texts)


def describe_pulses(offers: Iterable[Offer[Any]]) -> str:
    """Return the offered pulse lengths in ms and, if they are usually given in another unit, in that unit too."""
    ranges = list(offers)
    text = describe_values(ranges, "ms")
    low, high = min(o.ends[0] for o in ranges), max(o.ends[1] for o in ranges)
    if _engineering_exponent(low * MS) <= -3 <= _engineering_exponent(high * MS):
        return text
    exponent = min(max(_engineering_exponent(low * MS), min(_TIME_UNITS)), max(_TIME_UNITS))
    ends = [f"{end * MS / 10.0**exponent:.4g}" for end in dict.fromkeys((low, high))]
    return f"{text} ({' to '.join(ends)} {_TIME_UNITS[exponent]})"


def _engineering_exponent(value: float) -> int:
    """Return the power of ten, a multiple of three, that leaves `value` between 1 and 1000."""
    return 3 * math.floor(math.log10(value * (1 + 1e-9)) / 3)


def _merge_ranges(offers: Iterable[Offer[Any]]) -> Iterator[Offer[Any]]:
    """Yield the offers; a range without steps is merged with the next range if that begins at its end."""
    before: Offer[Any] | None = None
    for offer in offers:
        if before is not None and _is_continuous(before) and _is_continuous(offer) and before.ends[1] == offer.ends[0]:
            before = before.model_copy(update={"high": offer.high})
            continue
        if before is not None:
            yield before
        before = offer
    if before is not None:
        yield before


def _is_continuous(offer: Offer[Any]) -> bool:
    return offer.values is None and offer.step is None


def _describe_values_once(offer: Offer[Any]) -> str:
    low, high = offer.ends
    if offer.values is not None and len(offer.values) <= MAX_LISTED_VALUES:
        *first, last = (f"{value:g}" for value in offer.values)
        return f"{', '.join(first)} or {last}" if first else last
    text = f"{low:g} to {high:g}" if low < high else f"{low:g}"
    return text if offer.step is None else f"{text} in steps of {offer.step:g}"
