"""Rows of earlier sessions: those of one session, whose pulses treated several conditions, and those that are apart."""

import pytest
from consultations import PERSON, concern, devices, loaded

from skinbeam.assessment.earlier_sessions import repeats_row, session_number
from skinbeam.model.case import Case
from skinbeam.response.skin_bank import read_earlier_pulses

DYE = "pulsed-dye-595"
PULSE = f'device = "{DYE}"\nfluence_J_cm2 = 7.0\npulse_ms = 6.0\nspot_mm = 7.0\n'
VEINS, REDNESS = "facial-telangiectasia", "redness"


def row(treats: str, *, week: int = 0, adverse: str = "blister", more: str = "") -> str:
    about = f'week = {week}\nweeks_ago = {20 - week}\ntreats = "{treats}"\nsite = "cheeks"\nadverse = ["{adverse}"]\n'
    return f"\n[[session]]\n{about}{PULSE}{more}"


def case(*rows: str) -> Case:
    concerns = concern(VEINS, extra="") + concern(REDNESS, extra="")
    return loaded(PERSON + concerns + devices(DYE) + "".join(rows)).case


def test_rows_of_one_session_have_one_number() -> None:
    """The third of two sessions on two conditions was called the fourth and fifth of the person."""
    weeks = [
        row(treats, week=week, more=f"response_pct = {pct}\n")
        for week, pct in ((0, 10), (4, 30))
        for treats in (VEINS, REDNESS)
    ]
    told = case(*weeks, row(VEINS, week=8))
    assert [session_number(told, index) for index in range(5)] == [1, 1, 2, 2, 3]
    assert [repeats_row(told, index) for index in range(5)] == [False, True, False, True, False]


@pytest.mark.parametrize(
    "other",
    [
        row(VEINS),  # nobody writes one session twice for one condition
        row(REDNESS, week=1),
        row(REDNESS, adverse="none"),
        row(REDNESS, more='cooling = "air"\n'),
        row(REDNESS).replace("fluence_J_cm2 = 7.0", "fluence_J_cm2 = 6.0"),
        row(REDNESS).replace("cheeks", "nose"),
    ],
)
def test_what_differs_is_another_session(other: str) -> None:
    assert session_number(case(row(VEINS), other), 1) == 2


def test_the_pulse_of_one_session_is_learned_from_once() -> None:
    """Two blisters of one pulse would count as two skins that it burnt."""
    (pulse,), untold = read_earlier_pulses(case(row(VEINS), row(REDNESS)), ())
    assert pulse.is_burn
    assert untold == ()
    pulses, _ = read_earlier_pulses(case(row(VEINS), row(REDNESS, week=4)), ())
    assert len(pulses) == 2
