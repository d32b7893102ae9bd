"""What is true of an invented study: who is who, which faults were planted, what support does.

Everything here can be written as JSON.
"""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.identity.linking import PAIR
from agir_pipeline.methods.synthetic.ruptures import rupture_outcome
from agir_pipeline.methods.synthetic.timeline import last_index_of_first_instant
from agir_pipeline.protocol.model import EventOutcome, Protocol

EVENT_DAY = {"gross": "rupture_on", "path_net": "net_on"}
"""The column of a path that holds the event of a definition, by its method."""


def true_effect(
    truth: dict[str, Any], case_numbers: Collection[str], definition: str, horizon: int | None
) -> float:
    """The mean effect of support on these beneficiaries: with it minus without it.

    ``horizon`` in days from the index date, None for a status. In probability, not points.

    Raises:
        ValueError: nobody is named.
    """
    if not case_numbers:
        raise ValueError("the true effect needs at least one beneficiary")
    effects = truth["effects"]["beneficiaries"]
    key = effect_key(definition, horizon)
    differences = [effects[case][key][0] - effects[case][key][1] for case in case_numbers]
    return float(np.mean(differences))


def corrections_meant(truth: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Source, business key and intended end of each correction of the steward."""
    return [
        (told["source_name"], told["business_key"], told["status"]) for told in truth["corrections"]
    ]


def effect_key(definition: str, horizon: int | None) -> str:
    return definition if horizon is None else f"{definition}_{horizon}"


def undecidable_pairs(truth: dict[str, Any]) -> set[frozenset[tuple[str, str]]]:
    """The pairs of records, by source and key, of the people whom nobody can tell.

    Those on a list whose contracts tell another name, and of whom the steward decided nothing.
    """
    return {
        frozenset((("control_pool", listed[-1]), ("contract_register", PAIR.join(map(str, key)))))
        for person in truth["people"]
        if not person["linkable"] and (listed := person["keys"].get("control_pool"))
        for key in person["keys"]["contract_register"]
    }


def person_of_record(truth: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Source and key of every record of registers and lists → the place of its person."""
    whose: dict[tuple[str, str], int] = {}
    for place, person in enumerate(truth["people"]):
        keys = person["keys"]
        for key in keys["contract_register"]:
            whose["contract_register", PAIR.join(map(str, key))] = place
        if "beneficiary_register" in keys:
            whose["beneficiary_register", keys["beneficiary_register"]] = place
        if "control_pool" in keys:
            whose["control_pool", keys["control_pool"][-1]] = place
    return whose


def true_effects(
    protocol: Protocol,
    people: pd.DataFrame,
    with_support: pd.DataFrame,
    without: pd.DataFrame,
    employment: pd.DataFrame,
    status_definition: str,
) -> dict[str, Any]:
    """Potential outcomes of every beneficiary, and their mean difference over all of them."""
    supported = people["role"] == "beneficiary"
    index_on = people["index_on"][supported]
    outcome = rupture_outcome(protocol)
    pairs = {
        effect_key(name, horizon): _happened(with_support, without, event, index_on, horizon)
        for name, event in _events(outcome)
        for horizon in outcome.horizons_days.value
    }
    pairs[effect_key(status_definition, None)] = employment.loc[supported, ["y1", "y0"]].to_numpy(
        int
    )
    cases = people.loc[supported, "case_number"].tolist()
    return {
        "att_all_beneficiaries": {
            key: float((values[:, 0] - values[:, 1]).mean()) for key, values in pairs.items()
        },
        "base_all_beneficiaries": {
            key: float(values[:, 1].mean()) for key, values in pairs.items()
        },
        "beneficiaries": {
            case: {key: values[place].tolist() for key, values in pairs.items()}
            for place, case in enumerate(cases)
        },
    }


def _events(outcome: EventOutcome) -> Iterable[tuple[str, str]]:
    return ((d.name, EVENT_DAY[d.method]) for d in outcome.without_variants.definitions)


def _happened(
    with_support: pd.DataFrame,
    without: pd.DataFrame,
    event: str,
    index_on: pd.Series,
    horizon: int,
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Whether the event came within the horizon: column 0 with support, column 1 without."""
    within = [
        ((path.loc[index_on.index, event] - index_on).dt.days <= horizon).to_numpy(int)
        for path in (with_support, without)
    ]
    return np.stack(within, axis=1)


def n_pairs_at_first_instant(protocol: Protocol, people: pd.DataFrame) -> int:
    """Beneficiaries whose wait is over at the first instant and whose contract is registered.

    Registered means delivered: the register is drawn at the end of each month.
    """
    limit = pd.Timestamp(last_index_of_first_instant(protocol))
    instant = np.datetime64(protocol.matching.instants[0])
    last_delivery = instant.astype("M8[M]").astype("M8[D]") - np.timedelta64(1, "D")
    in_time = people["index_on"] <= limit
    return int((in_time & (people["deposited_on"] <= pd.Timestamp(last_delivery))).sum())


def true_people(
    people: pd.DataFrame,
    register: pd.DataFrame,
    answers: dict[str, pd.DataFrame],
    interviews: pd.DataFrame,
    delivered: dict[str, frozenset[str]],
) -> list[dict[str, Any]]:
    """Names, arm and keys of everybody; each has a contract that the register came to hold.

    ``delivered`` holds, for each source, the keys that stand in its files: contract numbers,
    case numbers, references, response numbers. Somebody of the register alone has no arm.
    """
    contracts = _keys_by_person(
        register[register["contract_number"].isin(delivered["contract_register"])],
        ["opca", "contract_number", "amendment_number"],
    )
    told = {
        source: _keys_by_person(
            rows[_is_named(rows) & rows["response_id"].isin(delivered[source])], ["response_id"]
        )
        for source, rows in answers.items()
    }
    told["support_log"] = _keys_by_person(
        interviews.assign(interview_on=interviews["interview_on"].dt.strftime("%Y-%m-%d")),
        ["adviser_id", "case_number", "interview_on", "start_time"],
    )
    found = [_keys_of(person, delivered, contracts, told) for person in people.itertuples()]
    born = people["born_on"].dt.strftime("%Y-%m-%d")
    return [
        {
            "last_name": last,
            "first_name": first,
            "born_on": birthday,
            "arm": _arm(keys),
            "keys": keys,
            "linkable": bool(is_linkable),
        }
        for keys, last, first, birthday, is_linkable in zip(
            found,
            people["last_name"],
            people["first_name"],
            born,
            people["is_linkable"],
            strict=True,
        )
    ]


def organisations_of_contracts(
    people: pd.DataFrame, register: pd.DataFrame
) -> list[dict[str, Any]]:
    """Of each row about a contract its company, by a SIRET, and its training organisation."""
    told = (
        ("contract_register", register, ["opca", "contract_number", "amendment_number"]),
        ("beneficiary_register", people[people["case_number"] != ""], ["case_number"]),
        ("control_pool", people[people["provider_ref"] != ""], ["provider_ref"]),
    )
    return [
        {"source": source, "key": key, "role": role, "is": which, "has_siret": has_siret}
        for source, rows, columns in told
        for *key, firm, body in zip(
            *(rows[name] for name in (*columns, "employer_number", "training_body")), strict=True
        )
        for role, which, has_siret in (
            ("employer", f"company {firm}", True),
            ("training_body", f"training body {body}", False),
        )
    ]


def _keys_of(
    person: Any,
    delivered: dict[str, frozenset[str]],
    contracts: dict[int, list[list[Any]]],
    told: dict[str, dict[int, list[list[Any]]]],
) -> dict[str, Any]:
    keys: dict[str, Any] = {"contract_register": contracts[person.Index]}
    if person.case_number in delivered["beneficiary_register"]:
        keys["beneficiary_register"] = person.case_number
    if person.provider_ref in delivered["control_pool"]:
        keys["control_pool"] = [person.provider, person.provider_ref]
    for source, by_person in told.items():
        if person.Index in by_person:
            keys[source] = [key[0] if len(key) == 1 else key for key in by_person[person.Index]]
    return keys


def _is_named(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Whether a response says whose it is."""
    return (rows["case_number"] != "") | (rows["provider_ref"] != "")


def _arm(keys: dict[str, Any]) -> str | None:
    if "beneficiary_register" in keys:
        return "beneficiary"
    return "control" if "control_pool" in keys else None


def _keys_by_person(rows: pd.DataFrame, columns: list[str]) -> dict[int, list[list[Any]]]:
    keys: dict[int, list[list[Any]]] = {}
    for person, *key in zip(rows["person"], *(rows[c] for c in columns), strict=True):
        keys.setdefault(int(person), []).append(key)
    return keys
