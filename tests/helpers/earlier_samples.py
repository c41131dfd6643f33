"""A person with visible veins, and what earlier test spots and sessions did to the skin."""

from consultations import PERSON, concern, loaded

from skinbeam.laser import device as lasers
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.case import Case
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.dose_bars import dose_bars
from skinbeam.suitability.history import reaction_reasons

DYE = BeamSetting(595.0, 10.0, 10.0)
VEINS_CASE = PERSON + concern("facial-telangiectasia", extra="")
MONTH_H = 28 * 24


def spot(reaction: str, more: str = "fluence_J_cm2 = 6.0", *, device: str = "pulsed-dye-595", hours: float = 24) -> str:
    return (
        f'\n[[test_spot]]\ndevice = "{device}"\nsite = "cheeks"\nread_after_h = {hours}\n'
        f'reaction = "{reaction}"\n{more}\n'
    )


def session(adverse: str, more: str = "", treats: str = "facial-telangiectasia") -> str:
    return f'\n[[session]]\nweek = 4\ntreats = "{treats}"\nadverse = ["{adverse}"]\n{more}\n'


def case(text: str) -> Case:
    return loaded(VEINS_CASE + text).case


def allowed_doses(text: str, name: str = "pulsed-dye-595", setting: BeamSetting = DYE) -> tuple[float, ...]:
    """The doses of a device that a plan may still try."""
    device = lasers.devices()[name]
    return SearchMachine(name, device, dose_bars(case(text), name, device)).doses(setting)


def rules_of(text: str, modality: str | None = None) -> dict[str, str]:
    return {reason.rule: reason.decision for reason in reaction_reasons(case(text), modality)}
