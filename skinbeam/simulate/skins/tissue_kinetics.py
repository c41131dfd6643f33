"""Damage kinetics of each tissue of the skin, with the uncertainty of the damage temperature in each draw.

Epidermis and dermis use two stages of cell death, blood uses haemoglobin, the vessel wall uses artery, the dermis uses
collagen: sets that describe seconds in the epidermis are wrong by tens of degrees for blood in milliseconds, and vice
versa. The temperature of damage varies between skins; it is shifted along the compensation line.

A cell dies when both stages have happened (combine 1): the stage that limits heat of seconds and longer (Henriques),
and the stage that limits heat of milliseconds (cells under pulses of heat). Henriques alone also represents coagulation
of the protein of epidermis, in dead skin or alive.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import UM
from skinbeam.physics.damage.arrhenius import Kinetics, combine_stages, read_kinetics, shift_kinetics
from skinbeam.physics.damage.kinetics_table import isothermal_threshold
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table

__all__ = [
    "BLOOD_KINETICS",
    "CELL_DEATH_KINETICS",
    "COAGULATED_WIDTH_M",
    "COLLAGEN_KINETICS",
    "CONTACT_KINETICS",
    "WALL_KINETICS",
    "collagen_denaturation",
    "repeat_processes",
    "sample_kinetics",
]

COAGULATED_WIDTH_M: Final = 20 * UM  # width of a zone that histology calls coagulated (endpoint collagen-coagulation)
CELL_DEATH_KINETICS = "cell-death"
CONTACT_KINETICS = "henriques"
PULSED_KINETICS = "pulsed-cells"
BLOOD_KINETICS = "blood"
WALL_KINETICS = "agah-artery"
COLLAGEN_KINETICS = "maitland-walsh-collagen"
RAT_COLLAGEN_KINETICS = "pearce-collagen"


def sample_kinetics(name: str, skins: SkinSample) -> Kinetics:
    """Return the process called `name`, with its threshold shifted for every draw.

    Rates are (sample, process).
    """
    if name == CELL_DEATH_KINETICS:
        return combine_stages(sample_kinetics(CONTACT_KINETICS, skins), _pulsed_kinetics(skins))
    spread = tissue_table("kinetics")["spread"]
    shift = read_number(spread["threshold_K"]) * skins["kinetics_shift"]
    return shift_kinetics(read_kinetics(name), shift, reference_s=read_number(spread["hold_s"][name]))


def collagen_denaturation(skins: SkinSample) -> Kinetics:
    """Return the kinetics of loss of birefringence of the collagen of these skins.

    For rats it is their own set. Rates are (sample, process).
    """
    return sample_kinetics(RAT_COLLAGEN_KINETICS if skins.preset == "rat" else COLLAGEN_KINETICS, skins)


def _pulsed_kinetics(skins: SkinSample) -> Kinetics:
    threshold, hold_s = isothermal_threshold(PULSED_KINETICS)
    shift = value_at_normal(threshold, skins["pulsed_kinetics_shift"]) - threshold.value
    return shift_kinetics(read_kinetics(PULSED_KINETICS), shift, reference_s=hold_s)


def repeat_processes(processes: Kinetics, times: int) -> Kinetics:
    """Return the processes of each draw repeated for `times` rows, such as vessels."""

    def rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(values, times, axis=0)

    return Kinetics(
        rows(processes.frequency_1_s),
        rows(processes.activation_J_mol),
        rows(processes.low_K),
        rows(processes.high_K),
        processes.stages,
    )
