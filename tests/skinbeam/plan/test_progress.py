"""What a plan tells while it is made, and that telling it changes nothing."""

from consultations import PERSON, concern, devices, loaded

from skinbeam.plan.parallel import listen_to_progress, report_progress
from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.text import Message

CASE = PERSON + devices("qs-ndyag-532-1064") + concern("age-spots") + concern("freckles")
DRAWS = 60


def test_each_concern_is_told_before_the_next_one_is_begun() -> None:
    said: list[Message | ConcernPlan] = []
    with listen_to_progress(said.append):
        plan = make_plan(loaded(CASE), draws=DRAWS).plan
    begun = [at for at, one in enumerate(said) if isinstance(one, Message) and one.id == "progress.concern"]
    stood = [at for at, one in enumerate(said) if isinstance(one, ConcernPlan)]
    assert len(begun) == len(stood) == 2
    assert said[0] == Message("progress.decision", {"decision": "suitable"})
    assert begun[0] == 1 < stood[0] < begun[1] < stood[1] == len(said) - 1
    looked = [one for one in said if isinstance(one, Message) and one.id == "progress.device"]
    assert looked
    assert all("Nd:YAG" in one.text for one in looked)
    # What is told early is the plan's own, its numbers not rounded yet.
    early = {one.condition for one in said if isinstance(one, ConcernPlan)}
    assert early == {one.condition for one in plan.concerns}
    assert make_plan(loaded(CASE), draws=DRAWS).plan.plan_sha256 == plan.plan_sha256


def test_nobody_has_to_listen() -> None:
    said: list[Message | ConcernPlan] = []
    with listen_to_progress(said.append):
        pass
    report_progress(Message("progress.concern", {"concern": "Freckles, Cheeks"}))
    assert said == []
