"""The plan of a leaflet as its document, and changes of it."""

from typing import Any

READING_AGE_YEARS = 12.0
Plan = dict[str, Any]


def message(text: str) -> dict[str, Any]:
    return {"id": "x", "params": {}, "text": text}


def everything_unknown(plan: Plan) -> Plan:
    """The same plan with every estimate taken away."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {"unknown": "nobody knows"} if "median" in value else {k: strip(v) for k, v in value.items()}
        return [strip(item) for item in value] if isinstance(value, list) else value

    stripped: Plan = strip(plan)
    return stripped


def lasers_last(plan: Plan, places: set[int]) -> Plan:
    """Another treatment comes first for some concerns."""
    concerns = []
    for place, concern in enumerate(plan["concerns"]):
        late = 9 if place in places else 0
        options = [one | {"rank": one["rank"] + late * ("device" in one)} for one in concern["options"]]
        concerns.append(concern | {"options": options})
    return plan | {"concerns": concerns, "suitability": plan["suitability"] | {"decision": "with-caution"}}
