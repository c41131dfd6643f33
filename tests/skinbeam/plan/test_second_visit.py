"""The second visit to a clinic whose device is a file beside the case: as with a known device of the same file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, document, laser_options, loaded
from paths import ROOT

from skinbeam.plan.planner import make_plan

Run = Callable[..., Any]
LASERS = ROOT / "skinbeam" / "data" / "lasers"
DYE, QS, CO2 = "pulsed-dye-595", "qs-ndyag-532-1064", "fractional-co2-10600"
PULSES = {
    DYE: ("facial-telangiectasia", "wavelength_nm = 595.0\nfluence_J_cm2 = 6.5\npulse_ms = 10.0\nspot_mm = 7.0\n"),
    QS: ("age-spots", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.0\npulse_ms = 5e-6\nspot_mm = 2.0\n"),
    CO2: ("acne-scars", "energy_mJ = 10.0\ndensity_per_cm2 = 300.0\n"),
}
BRUISED = 'adverse = ["purpura"]\nresponse_pct = 30.0\n'


def session(device: str, name: str, left: str) -> str:
    condition, pulse = PULSES[device]
    return f'\n[[session]]\nweek = 0\nweeks_ago = 6\ntreats = "{condition}"\ndevice = "{name}"\n{pulse}{left}'


def spot(device: str, name: str, left: str) -> str:
    return f'\n[[test_spot]]\nsite = "cheeks"\ndevice = "{name}"\n{PULSES[device][1]}{left}'


def second_visit(folder: Path, device: str, earlier: str, listed: Sequence[str]) -> Any:
    text = PERSON + concern(PULSES[device][0]) + devices(*listed) + earlier
    return make_plan(loaded(text, folder), draws=PLAN_DRAWS).document


def rules_of(option: Any) -> list[str]:
    return [reason["rule"] for reason in option["reasons"]]


def tried_doses(document: Any) -> list[float]:
    return [spot["fluence_J_cm2"] for ladder in document["test_spots"] for spot in ladder["spots"]]


def plain(document: Any, *names: str) -> str:
    """A document without its hashes, in which each of the names is that of the known device."""
    text = json.dumps({key: value for key, value in document.items() if not key.endswith("sha256")}, sort_keys=True)
    for name in names:
        text = text.replace(name, names[-1])
    return text


@pytest.mark.parametrize(
    ("device", "made", "left"),
    [
        (DYE, session, BRUISED),
        (QS, spot, 'read_after_h = 24\nreaction = "whitening"\n'),
        (CO2, session, 'adverse = ["crust"]\n'),
    ],
)
@pytest.mark.parametrize("is_listed", [True, False])
def test_an_earlier_pulse_of_an_own_device_counts_as_one_of_the_known(
    device: str, made: Callable[[str, str, str], str], left: str, is_listed: bool, tmp_path: Path
) -> None:
    """The file has the name of the known device, so that the factor on its burns is that of the table, too.

    Where no device was known of a pulse, a bruise barred no dose, whitening was a warning sign instead of the endpoint,
    and crusts after columns were none of the usual.
    """
    own = f"{device}.toml"
    (tmp_path / own).write_bytes((LASERS / own).read_bytes())

    def plan_of(name: str, clinic: str) -> str:
        listed = [clinic if is_listed else "ktp-532"]
        return plain(second_visit(tmp_path, device, made(device, name, left), listed), own, device)

    known = plan_of(device, clinic=device)
    assert plan_of(own, clinic=own) == known
    assert plan_of("a laser elsewhere", clinic=own) != known


def test_a_device_with_another_name_and_title_bars_the_doses_that_bruised(tmp_path: Path) -> None:
    title = "Dye laser, room 2"
    listed = (LASERS / f"{DYE}.toml").read_text(encoding="utf-8")
    (tmp_path / "room-2.toml").write_text(listed.replace("Pulsed dye laser, 595 nm", title), encoding="utf-8")
    known = second_visit(tmp_path, DYE, session(DYE, DYE, BRUISED), [DYE])
    (known_option,) = laser_options(known)
    for name in ("room-2.toml", "room-2", title):
        found = second_visit(tmp_path, DYE, session(DYE, name, BRUISED), ["room-2.toml"])
        (option,) = laser_options(found)
        assert option["device"] == "room-2"
        assert option["settings"] == known_option["settings"]
        assert rules_of(option) == rules_of(known_option)
        (reason,) = (reason for reason in option["reasons"] if reason["rule"] == "earlier-bruise")
        assert reason["text"].startswith(f"A bruise after {title} (6.5 J/cm²): ")
        assert tried_doses(found) == tried_doses(known)


def test_what_if_knows_the_own_device_of_a_session(tmp_path: Path, run: Run) -> None:
    own = f"{DYE}.toml"
    (tmp_path / own).write_bytes((LASERS / own).read_bytes())
    answers = []
    for name in (DYE, own):
        file = tmp_path / f"case-{len(answers)}.toml"
        text = PERSON + concern(PULSES[DYE][0]) + devices(name) + session(DYE, name, BRUISED)
        file.write_text(text, encoding="utf-8")
        ran = run("window", str(file), "--at", "fluence_J_cm2=7,pulse_ms=10", "--json")
        assert ran.code == 0
        answers.append(plain(ran.document, own, DYE))
    assert answers[0] == answers[1]
    assert "bruise" in answers[0]


@pytest.mark.parametrize("command", [("consult",), ("window", "--at", "fluence_J_cm2=6")])
def test_a_missing_file_of_a_session_is_told_as_one_of_the_clinic(
    command: Sequence[str], tmp_path: Path, run: Run
) -> None:
    file, (name, *more) = tmp_path / "case.toml", command
    where = ["-o", str(tmp_path / "out")] if name == "consult" else []
    errors = []
    for text in (devices("gone.toml"), session(DYE, "gone.toml", BRUISED)):
        file.write_text(PERSON + concern(PULSES[DYE][0]) + text, encoding="utf-8")
        ran = run(name, str(file), *more, *where, "--json")
        assert ran.code == 2
        errors.append(ran.document["error"])
    fields = [error.pop("field") for error in errors]
    assert fields == ["clinic.devices[0]", "session[0].device"]
    assert errors[0] == errors[1]


def test_a_little_less_than_the_printed_dose_is_not_beyond_practice_once_it_has_helped() -> None:
    """7 J/cm2 of a dye laser on a red scar of the neck, beside 8 of the guideline; trials print both."""
    laser = '\ndevice = "pulsed-dye-595"\nwavelength_nm = 595.0\nfluence_J_cm2 = 7.0\npulse_ms = 1.5\nspot_mm = 7.0'
    done = f'\n[[session]]\nweek = 0\ntreats = "surgical-scars"\nsite = "neck"{laser}\nresponse_pct = 60\n'
    red = concern("surgical-scars", "neck", 'subtypes = ["red"]\n')
    (option,) = laser_options(document(PERSON + red + devices("pulsed-dye-595") + done))
    assert option["settings"]["fluence_J_cm2"] == 7.0
    assert not option["beyond_practice"]


@pytest.mark.parametrize("response", [0.0, 60.0])
def test_a_dose_that_did_too_little_and_cannot_be_raised_says_so(response: float) -> None:
    """14 J/cm² of a KTP laser that had done nothing was planned again without a word."""
    veins = PERSON + concern("facial-telangiectasia", extra='subtypes = ["fine-red"]') + devices("ktp-532")
    (first,) = laser_options(document(veins))
    shot = {key: first["settings"][key] for key in ("wavelength_nm", "fluence_J_cm2", "pulse_ms", "spot_mm")}
    done = "".join(f"{key} = {value}\n" for key, value in shot.items())
    again = (
        f'\n[[session]]\nweek = 0\nweeks_ago = 6\ntreats = "facial-telangiectasia"\nsite = "cheeks"\n'
        f'device = "ktp-532"\n{done}response_pct = {response}\nadverse = ["none"]\n'
    )
    (second,) = laser_options(document(veins + again))
    is_raised = second["settings"]["fluence_J_cm2"] > shot["fluence_J_cm2"]
    assert ("response-no-more" in rules_of(second)) == (response < 25.0 and not is_raised)
