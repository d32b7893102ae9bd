"""The columns our tables share, each declared once: one name, one meaning, one unit."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from agir_pipeline.contracts.model import Column, Text
from agir_pipeline.language import mark

ARMS: Mapping[str, Text] = {
    "beneficiary": mark("Beneficiary"),
    "control": mark("Control"),
    "reference": mark("Reference arm of a randomised experiment"),
}
STATUSES: Mapping[str, Text] = {
    "active": mark("Counts in the effects"),
    "void_not_at_risk": mark("A member was not in contract on its index day"),
    "broken_by_withdrawal": mark("A consent was withdrawn"),
    "broken_by_erasure": mark("A member's data were erased"),
    "replaced": mark("Replaced by decision"),
}
UNMATCHED_REASONS: Mapping[str, Text] = {
    "not_eligible": mark("Not eligible"),
    "no_linked_contract": mark("No contract found"),
    "undecided_link": mark("It is undecided who this person is"),
    "waiting": mark("Waits for the next round"),
    "stale_register": mark("The register of contracts ends before the index date"),
    "used_as_control": mark("Already served as a control"),
    "not_at_risk": mark("Left the contract before the index date"),
    "no_control_in_stratum": mark("No control in the same stratum"),
    "outside_caliper": mark("No control within the caliper"),
    "priced_out": mark("No control left that is near enough"),
    "withdrawn": mark("Left the study"),
}
EXCLUSION_REASONS: Mapping[str, Text] = {
    "already_supported": mark("Own support had begun"),
    "not_yet_listed": mark("Not yet on a list"),
    "not_yet_consented": mark("Had not yet consented"),
}
FINDINGS: Mapping[str, Text] = {
    "not_known_today": mark("No row names this person any more"),
    "other_contract": mark("The contract of the person is another one now"),
    "start_changed": mark("The contract began on another day, so the index date would move"),
    "not_at_risk": mark("Was not in contract on its index day: the pair is void"),
    "supported_by_index": mark("The control's own support had begun by its index day"),
    "listed_after_index": mark("The control came on a list only after its index day"),
    "covariate_changed": mark("A covariate at the index date reads otherwise"),
}
ALTERNATIVES: Mapping[str, Text] = {
    "propensity_pairs": mark("Pairs on the propensity score alone"),
    "coarsened_exact": mark("Coarsened exact matching"),
    "full": mark("Full matching"),
    "entropy_balancing": mark("Entropy balancing"),
    "overlap_weights": mark("Overlap weights"),
}
SAMPLES: Mapping[str, Text] = {
    "pool": mark("Each beneficiary against its own candidates"),
    "matched": mark("Members of pairs"),
    **ALTERNATIVES,
}

UNITS: Mapping[str, Text] = {
    "days": mark("days"),
    "months": mark("months"),
    "years": mark("years"),
    "share": mark("share"),
    "percentage points": mark("percentage points"),
}
"""Units as a reader sees them; one that only the protocol uses is shown as written there."""


def text(name: str, label: Text, description: Text = "", **more: Any) -> Column:
    return Column(name, "text", label, description, **more)


def coded(
    name: str, label: Text, codes: Mapping[str, Text], description: Text = "", **more: Any
) -> Column:
    return Column(name, "text", label, description, codes=codes, **more)


def whole(name: str, label: Text, description: Text = "", **more: Any) -> Column:
    return Column(name, "integer", label, description, **more)


def count(name: str, label: Text, description: Text = "", **more: Any) -> Column:
    return Column(name, "integer", label, description, minimum=0, **more)


def number(name: str, label: Text, description: Text = "", **more: Any) -> Column:
    return Column(name, "number", label, description, **more)


def share(name: str, label: Text, description: Text = "", **more: Any) -> Column:
    return Column(name, "number", label, description, unit="share", minimum=0, maximum=1, **more)


def points(name: str, label: Text, description: Text = "") -> Column:
    return Column(name, "number", label, description, unit="percentage points")


def flag(name: str, label: Text, description: Text = "") -> Column:
    return Column(name, "boolean", label, description)


def day(name: str, label: Text, description: Text = "", **more: Any) -> Column:
    return Column(name, "date", label, description, **more)


def vocabulary(*columns: Column) -> Mapping[str, Column]:
    return {column.name: column for column in columns}


def spelled(words: Mapping[str, Column], names: str, *own: Column) -> tuple[Column, ...]:
    """The columns named in ``names``, in order; a ``?`` behind a name means it may be empty.

    ``own`` are columns that mean something else in this table than in the others.
    """
    known = {**words, **vocabulary(*own)}
    return tuple(
        replace(known[name.rstrip("?")], is_nullable=name.endswith("?")) for name in names.split()
    )


def before_index(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The same columns, said to be fixed by the index date."""
    return tuple(replace(column, is_measured_before_index=True) for column in columns)


PERSONS = vocabulary(
    text("person_id", mark("Person"), mark("Pseudonym, the same across sources and tables"),
         sensitivity="pseudonym"),
    coded("arm", mark("Arm"), ARMS,
          description=mark("Beneficiaries are supported, controls are compared with them")),
    text("pair_id", mark("Pair"), mark("Design, round and number of the pair")),
    text("beneficiary_person_id", mark("Beneficiary of the pair"),
         mark("Pseudonym, as person_id in the other tables"), sensitivity="pseudonym"),
    text("control_person_id", mark("Control of the pair"),
         mark("Pseudonym, as person_id in the other tables"), sensitivity="pseudonym"),
    text("beneficiary_spell_id", mark("Contract of the beneficiary"),
         mark("Pseudonym of the contract that ran on the index date"), sensitivity="pseudonym"),
    text("control_spell_id", mark("Contract of the control"),
         mark("Pseudonym of the contract that ran on the index date"), sensitivity="pseudonym"),
)  # fmt: skip

MATCHING = vocabulary(
    day("index_on", mark("Index date"), mark("Own contract start plus the pair's elapsed days")),
    day("beneficiary_index_on", mark("Index date of the beneficiary"),
        mark("Its follow-up begins on this day")),
    day("control_index_on", mark("Index date of the control"),
        mark("Its follow-up begins on this day")),
    count("elapsed_days", mark("Elapsed days"),
          mark("From contract start to index date: the upper edge of the band"), unit="days"),
    number("common_planned_days", mark("Planned days left, of the pair"),
           mark("From the index date to the beneficiary's planned end known then; both members "
                "are followed to it"), unit="days"),
    count("band_number", mark("Band"), mark("Bands of elapsed days, in the order they are solved")),
    coded("alternative", mark("Alternative"), ALTERNATIVES,
          description=mark("A check beside the pairs, named in the protocol")),
    whole("set_number", mark("Set"), mark("People compared with one another; none by weights")),
    number("weight", mark("Weight"),
           mark("A beneficiary counts 1, but by overlap weights; 0: left out"), minimum=0),
    count("round_number", mark("Round"), mark("Matching rounds by date, from 1")),
    count("design_number", mark("Design"), mark("Number of the design in the protocol")),
    number("distance", mark("Distance"), mark("Distance within the pair, in the design's metric"),
           minimum=0),
    number("logit_gap", mark("Gap of the logits"),
           mark("Absolute difference of the propensity logits within the pair"), minimum=0),
    text("strata_enforced", mark("Equal within the pair"),
         mark("Exact and near-exact covariates that were still enforced")),
    count("relaxation_level", mark("Relaxation"),
          mark("How many near-exact covariates were given up")),
    number("caliper", mark("Caliper"), mark("Largest gap of the logits allowed")),
    number("leave_out_price", mark("Price of leaving one out"),
           mark("In units of the distance; infinite means as many pairs as possible")),
    text("algorithm_version", mark("Version of the algorithm"),
         mark("Another version may form other pairs from the same data")),
    day("formed_on", mark("Formed on"), mark("The matching day of the round")),
    coded("status", mark("Status of the pair"), STATUSES,
          description=mark("Only active pairs count in the effects")),
    coded("reason", mark("Reason"), UNMATCHED_REASONS,
          description=mark("The first one that applies")),
    number("nearest_distance", mark("Nearest control"),
           mark("Distance to the nearest admissible control of the stratum")),
    text("tie_order", mark("Order among equals"), mark("Keyed hash; decides between equal optima"),
         sensitivity="pseudonym"),
    flag("is_open", mark("Free"), mark("Whether the person was still free in this band")),
    text("stratum", mark("Stratum"),
         mark("Values of the exact covariates and of the near-exact ones enforced")),
    number("logit", mark("Propensity logit"),
           mark("Log-odds of being a beneficiary, from the covariates of the score")),
    number("price", mark("Dual price"), mark("Dual value; for a control zero or less")),
    count("n_beneficiaries", mark("Beneficiaries"), mark("Persons, each counted once")),
    count("n_controls", mark("Controls"), mark("Persons, each counted once")),
    count("n_candidates", mark("Candidates"),
          mark("Controls admissible for a beneficiary of the stratum")),
    count("n_pairs", mark("Pairs"), mark("Formed, whatever became of them later")),
    count("n_left_out", mark("Left out"), mark("Beneficiaries without a pair")),
    count("n_tied", mark("Ties"), mark("Beneficiaries with several nearest controls")),
    number("total_distance", mark("Total distance"), mark("Of the pairs formed")),
    number("mean_distance", mark("Mean distance"), mark("Within the pairs formed")),
    number("largest_gap", mark("Largest gap"), mark("Of the logits within a pair")),
    number("max_absolute_smd", mark("Largest difference"),
           mark("Largest standardised difference that remains, without its sign")),
    number("mean_absolute_smd", mark("Mean difference"),
           mark("Mean of the standardised differences that remain, without their signs")),
    flag("is_declared", mark("Declared"), mark("Whether this is the price of the protocol")),
    flag("is_before_outcomes", mark("Before the outcomes"),
         mark("Whether no outcome had been built when the table was made")),
    number("surplus_price", mark("Price of a surplus"),
           mark("What a control beyond its category's share costs, in units of the distance")),
    count("n_surplus", mark("Surplus"),
          mark("Controls beyond their category's share over the pairs so far, in the categories "
               "of the stratum")),
    text("category", mark("Category"), mark("Of the covariate that is balanced near-finely")),
    whole("surplus_before", mark("Surplus before"),
          mark("Controls minus beneficiaries of the category in all pairs formed before")),
    whole("surplus_after", mark("Surplus after"),
          mark("The same with the pairs formed here")),
    number("bound", mark("Dual bound"), mark("No other pairs can cost less")),
    number("gap", mark("Gap"), mark("Total against bound, relative; zero proves the optimum")),
    text("covariate", mark("Covariate"), mark("Measured before the index date")),
    text("level", mark("Level"),
         mark("A category, or value, value_squared, missing of a number")),
    coded("sample", mark("Sample"), SAMPLES,
          description=mark("Before matching, or the pairs formed")),
    count("n_non_missing", mark("Known values"),
          mark("Of both arms; before matching a control counts once in each risk set it is in")),
    number("mean_beneficiary", mark("Mean of beneficiaries"), mark("Of a category: its share")),
    number("mean_control", mark("Mean of controls"), mark("Of a category: its share")),
    number("smd", mark("Standardised difference"),
           mark("Difference of means over the denominator; positive: beneficiaries higher")),
    number("smd_denominator", mark("Its denominator"),
           mark("Standard deviation of beneficiaries before matching, kept fixed")),
    number("variance_ratio", mark("Ratio of variances"), mark("Beneficiaries over controls")),
    number("ks", mark("Largest gap of distributions"), mark("Kolmogorov–Smirnov distance")),
    number("ecdf_mean", mark("Mean gap of distributions"),
           mark("Mean distance of the two cumulative distributions; 0: the same")),
    number("n_effective_controls", mark("Controls by weight"),
           mark("How many equally weighted controls the weights are worth (Kish); one in several "
                "risk sets is several"), minimum=0),
)  # fmt: skip
