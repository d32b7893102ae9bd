"""Tables of the support given: to whom how much, and about what."""

from dataclasses import replace

import numpy as np
import pandas as pd

from agir_pipeline.contracts.employment import NAMED
from agir_pipeline.contracts.model import Column, Invariant, Sensitivity, TableContract, Text
from agir_pipeline.contracts.words import (
    PERSONS,
    coded,
    count,
    number,
    share,
    spelled,
    vocabulary,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.mechanism import Support
from agir_pipeline.protocol.model import Protocol

MEASURES = (
    "n_interviews", "support_hours", "n_months", "span_days", "first_interview_delay_days",
    "n_themes", "share_watched_theme", "n_joint_contacts", "n_interviews_by_landmark",
    "support_hours_by_landmark",
)  # fmt: skip
"""The columns of ``support_dose`` whose spread is shown."""
WORDS = {
    **PERSONS,
    **vocabulary(
        count("n_interviews", mark("Interviews"), mark("One in two logs counts once")),
        number("support_hours", mark("Hours of support"),
               mark("Of a workshop the person's share"), unit="hours", minimum=0),
        count("n_months", mark("Months with support"), mark("Calendar months with an interview"),
              unit="months"),
        count("span_days", mark("Days from first to last"), mark("Both included; 0 for none"),
              unit="days"),
        number("first_interview_delay_days", mark("Delay of the first interview"),
               mark("From the entry into support"), unit="days"),
        count("n_themes", mark("Themes"), mark("Different ones")),
        count("n_joint_contacts", mark("Joint contacts"),
              mark("Interviews with another institution present")),
        count("n_interviews_by_landmark", mark("Interviews by the landmark"),
              mark("The only dose that may enter an effect")),
        number("support_hours_by_landmark", mark("Hours by the landmark"),
               mark("The only dose that may enter an effect"), unit="hours", minimum=0),
        count("n_beneficiaries", mark("Beneficiaries"), mark("Persons, each counted once")),
        number("interview_hours", mark("Hours of interviews"),
               mark("Not divided among the themes of an interview"), unit="hours", minimum=0),
    ),
}  # fmt: skip


def support_contracts(protocol: Protocol, support: Support) -> list[TableContract]:
    """The contract of each table of the support, in the order a reader meets them."""
    tables = [of(protocol, support) for of in (_dose, _quantiles, _themes)]
    if support.subthemes_column:
        tables.append(_subthemes(protocol, support, support.subthemes_column))
    return tables


def support_codes(protocol: Protocol, support: Support, column: str) -> dict[str, Text]:
    """The codes of a column of the log of interviews, in the order of the file."""
    found = next(c for c in protocol.source(support.origin).columns if c.name == column)
    return {code.code: code.labels for code in found.codes}


def _dose(protocol: Protocol, support: Support) -> TableContract:
    phases = support_codes(protocol, support, support.phase_column)
    by_phase = [count(f"n_{code}", label, mark("Interviews, as logged"))
                for code, label in phases.items()]  # fmt: skip
    names = " ".join(column.name for column in by_phase)
    return TableContract(
        "support_dose",
        mark("How much support each beneficiary of a pair was given"),
        spelled(
            WORDS,
            f"""person_id pair_id n_interviews support_hours n_months span_days
            first_interview_delay_days? n_themes share_watched_theme? n_joint_contacts
            n_interviews_by_landmark support_hours_by_landmark {names}""",
            _watched(protocol, support),
            *by_phase,
        ),
        ("pair_id",),
    )


def _watched(protocol: Protocol, support: Support) -> Column:
    themes = support_codes(protocol, support, support.themes_column)
    return share("share_watched_theme", themes[support.watched_theme],
                 mark("Share of the interviews; empty without an interview"))  # fmt: skip


def _quantiles(protocol: Protocol, support: Support) -> TableContract:
    """Measures carry the words of their columns in ``support_dose``."""
    phases = support_codes(protocol, support, support.phase_column)
    words = {**WORDS, "share_watched_theme": _watched(protocol, support)}
    on_line = mark("On the line between two persons where it lies between them")
    return TableContract(
        "support_dose_quantiles",
        mark("How the support given is spread over beneficiaries"),
        spelled(
            WORDS,
            "measure phase n_persons mean? p10? p25? median? p75? p90?",
            coded(
                "measure",
                mark("Measure"),
                {name: words[name].label for name in MEASURES},
                mark("As in support_dose"),
            ),
            coded("phase", mark("Phase"), {"all": mark("All phases"), **phases}, NAMED),
            count("n_persons", mark("Persons"), mark("Beneficiaries of whom it is known")),
            number("mean", mark("Mean"), mark("Of those persons")),
            number("p10", mark("Tenth percentile"), on_line),
            number("p25", mark("First quartile"), on_line),
            number("median", mark("Median"), on_line),
            number("p75", mark("Third quartile"), on_line),
            number("p90", mark("Ninetieth percentile"), on_line),
        ),
        ("measure", "phase"),
        (Invariant(mark("quantiles that do not increase"), _out_of_order),),
    )


def _out_of_order(spread: pd.DataFrame) -> int:
    known = spread[["p10", "p25", "median", "p75", "p90"]].dropna().to_numpy(dtype=float)
    return int((np.diff(known, axis=1) < 0).any(axis=1).sum())


def _themes(protocol: Protocol, support: Support) -> TableContract:
    themes = support_codes(protocol, support, support.themes_column)
    phases = support_codes(protocol, support, support.phase_column)
    return TableContract(
        "support_themes",
        mark("What support was about, in each phase of the contract"),
        spelled(
            WORDS,
            "theme phase n_beneficiaries n_interviews interview_hours",
            coded("theme", mark("Theme"), themes, NAMED),
            coded("phase", mark("Phase"), {**phases, "not_said": mark("Not told")}, NAMED),
        ),
        ("theme", "phase"),
    )


def _subthemes(protocol: Protocol, support: Support, column: str) -> TableContract:
    """Counts are as sensitive as what the log says of housing, health or money."""
    phases = support_codes(protocol, support, support.phase_column)
    source = next(c for c in protocol.source(support.origin).columns if c.name == column)
    how: Sensitivity = "sensitive" if source.sensitivity == "sensitive" else "none"
    counts = [
        replace(WORDS[name], sensitivity=how)
        for name in ("n_beneficiaries", "n_interviews", "interview_hours")
    ]
    return TableContract(
        "support_subthemes",
        mark("What themes were about more closely, in each phase"),
        spelled(
            WORDS,
            "subtheme phase n_beneficiaries n_interviews interview_hours",
            coded("subtheme", mark("Sub-theme"), support_codes(protocol, support, column), NAMED),
            coded("phase", mark("Phase"), {**phases, "not_said": mark("Not told")}, NAMED),
            *counts,
        ),
        ("subtheme", "phase"),
    )
