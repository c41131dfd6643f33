"""Devices: what each machine can emit, read from `data/lasers/*.toml` or from a clinic's own file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from skinbeam.document import document, round_significant, sha256_of
from skinbeam.messages import Message, catalogue
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.device import CoolingHead, DeviceFile, Head
from skinbeam.schema.load import LoadedCase, parse, read_toml
from skinbeam.schema.refusals.meant import unknown_device
from skinbeam.sources import bibliography
from skinbeam.units import MM, UM

__all__ = ["Device", "beam_sizes_mm", "check_device_file", "devices", "lasers_document", "load_device", "tip_size_mm"]


@dataclass(frozen=True)
class Device:
    """A machine and what it can emit.

    Parameters
    ----------
    name : its name in `skinbeam lasers`, or the stem of its file.
    file : the checked file.
    """

    name: str
    file: DeviceFile

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.file.title

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of `data/modalities.toml` that it can carry out."""
        return tuple(self.file.modalities)

    @property
    def microbeam(self) -> bool:
        """Whether it emits microbeams rather than a full field."""
        return self.file.emission == "microbeam"

    @property
    def profile(self) -> str:
        """Profile of its spot or microbeam: top-hat or gaussian."""
        return self.file.profile

    @property
    def heads(self) -> tuple[Head, ...]:
        """Its ways of working."""
        return tuple(self.file.head)

    @property
    def cooling(self) -> tuple[CoolingHead, ...]:
        """The cooling that is built in."""
        return tuple(self.file.cooling)

    @property
    def is_lamp(self) -> bool:
        """Whether its light comes from a filtered lamp."""
        return any(head.band_nm is not None for head in self.heads)

    @property
    def compression(self) -> str | None:
        """What is pressed on the skin while it fires; None where nothing is."""
        return self.file.compression

    @property
    def wavelengths_nm(self) -> tuple[float, ...]:
        """Every wavelength, ascending, once; for a filtered lamp the cut-off of each filter."""
        return tuple(sorted({head.wavelength_nm for head in self.heads}))

    @property
    def pulse_ms(self) -> tuple[float, float]:
        """Shortest and longest pulse of any head."""
        return _span(head.pulse_ms.ends for head in self.heads)

    @property
    def dose(self) -> tuple[float, float]:
        """Least and greatest fluence (J/cm²), or energy of a microbeam (mJ), of any head."""
        if self.microbeam:
            return _span(tip.energy_mJ.ends for head in self.heads for tip in head.tip)
        return _span(spot.fluence_J_cm2.ends for head in self.heads for spot in head.spot)

    @property
    def spots_mm(self) -> tuple[float, ...]:
        """Diameters of the spots, or of the microbeams, ascending, once."""
        return tuple(sorted({size for head in self.heads for size in beam_sizes_mm(head)}))

    @property
    def remarks(self) -> tuple[Message, ...]:
        """What to know of its ranges: where they come from, and, of a known device, what is special."""
        ids = (f"laser-stated.{self.file.stated.replace(' ', '-')}", f"laser-note.{self.name}")
        return tuple(Message(id) for id in ids if id in catalogue())

    def as_record(self) -> dict[str, Any]:
        """Return its entry in `skinbeam.lasers/1`."""
        record: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "wavelengths_nm": self.wavelengths_nm,
            "modalities": self.modalities,
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
        if self.microbeam:
            record["density_per_cm2"] = _span(tip.density_per_cm2.ends for head in self.heads for tip in head.tip)
        return record

    def cite(self) -> None:
        """Say that its ranges were used; sources that are not in the bibliography stay in its record only."""
        used(*(key for key in self.file.source if key in bibliography()))


def beam_sizes_mm(head: Head) -> tuple[float, ...]:
    """Return the diameters that a head offers, in mm, whether spots or microbeams."""
    return tuple(spot.spot_mm for spot in head.spot) + tuple(tip_size_mm(tip.diameter_um) for tip in head.tip)


def tip_size_mm(diameter_um: float) -> float:
    """Return the diameter of a microbeam in mm, free of the noise of the conversion."""
    return round_significant(diameter_um * UM / MM, 9)


def _span(ranges: Iterable[tuple[float, float]]) -> tuple[float, float]:
    lows, highs = zip(*ranges, strict=True)
    return min(lows), max(highs)


@cache
def devices() -> Mapping[str, Device]:
    """Return every known device by name, in the order of the names.

    Raises
    ------
    InputError : a file of the package does not hold to the schema.
    """
    folder = Path(str(resources.files("skinbeam") / "data" / "lasers"))
    return {path.stem: _read(path, "lasers") for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem)}


def load_device(name_or_path: str, folder: Path | None = None, *, field: str = "laser.device") -> Device:
    """Return the device called so, or the one in the `.toml` file of that name inside `folder`.

    Raises
    ------
    InputError : no such device (the nearest is named), no such file, a file outside the folder, an unsound file.
    """
    if name_or_path.endswith(".toml"):
        return _read(LoadedCase(Case(), folder or Path(), file="").beside(name_or_path, field=field), field)
    known = devices()
    if name_or_path not in known:
        raise unknown_device(name_or_path, known, field=field)
    return known[name_or_path]


def lasers_document() -> dict[str, Any]:
    """Return `skinbeam.lasers/1`: what every known device can emit."""
    return document(
        "skinbeam.lasers/1",
        case_sha256=sha256_of({"command": "lasers"}),
        seed=0,
        body={"lasers": list(devices().values())},
    )


def check_device_file(path: Path) -> dict[str, Any]:
    """Return `skinbeam.lasers/1` of the one device in a file, so that its owner sees what was understood.

    Raises
    ------
    InputError : what is wrong with the file, with the path of the key.
    """
    device = _read(path, "FILE")
    return document(
        "skinbeam.lasers/1",
        case_sha256=sha256_of({"command": "lasers", "file": sha256_of(path.read_bytes())}),
        seed=0,
        body={"lasers": [device]},
    )


def _read(path: Path, field: str) -> Device:
    return Device(path.stem, parse(DeviceFile, read_toml(path, field=field, what="a device file"), file=path.name))
