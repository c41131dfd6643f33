"""One course for several concerns, as a plan has it."""

from consultations import PERSON, concern, devices, document, loaded
from course_samples import SCARS, VEINS, part
from earlier_samples import VEINS_CASE

from skinbeam.course.schedule import schedule_course


def test_medicines_are_paused_by_their_prescriber_alone() -> None:
    taking = PERSON + 'medications = [{name = "warfarin"}]\n' + concern("facial-telangiectasia", extra="")
    (step,) = [s for s in schedule_course([VEINS], loaded(taking).case)[0].steps if s.id == "course.pause"]
    assert "warfarin" in step.text
    assert not [s for s in schedule_course([VEINS], loaded(VEINS_CASE).case)[0].steps if s.id == "course.pause"]


def test_every_session_after_the_first_begins_with_a_review() -> None:
    first, *others = schedule_course([SCARS, VEINS])
    assert "course.review" not in [step.id for step in first.steps]
    for session in others:
        assert session.steps[0].id == "course.review"


def test_without_a_laser_there_is_no_course() -> None:
    assert schedule_course([part("dynamic-wrinkles")]) == ()
    assert schedule_course([]) == ()


def test_the_course_of_a_plan_treats_what_was_offered() -> None:
    text = (
        PERSON + concern("acne-scars") + concern("facial-telangiectasia") + devices("pulsed-dye-595", "fractional-1550")
    )
    made = document(text)
    weeks = [session["week"] for session in made["course"]]
    assert weeks == sorted(set(weeks))
    assert made["course"][0]["treats"] == ["facial-telangiectasia at cheeks"]
    assert {name for session in made["course"] for name in session["treats"]} == {
        "facial-telangiectasia at cheeks",
        "acne-scars at cheeks",
    }
    assert {spot["message"]["id"] for spot in made["test_spots"]} == {"plan.test-spot"}
    assert len(made["test_spots"]) == 2
    steps = [
        step["text"] for visit in made["course"] for step in visit["steps"] if step["id"].startswith("course.treat")
    ]
    assert all(step.count("595 nm") + step.count("1550 nm") == 1 for step in steps)
