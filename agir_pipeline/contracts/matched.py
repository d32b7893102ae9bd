"""Tables of step ``matched``: pairs, who has none, balance, and the proofs."""

from collections.abc import Mapping

import pandas as pd

from agir_pipeline.contracts.covariates import covariate_columns
from agir_pipeline.contracts.model import (
    Column,
    Invariant,
    TableContract,
    Text,
    in_language,
)
from agir_pipeline.contracts.once import once_per_protocol
from agir_pipeline.contracts.words import (
    EXCLUSION_REASONS,
    FINDINGS,
    MATCHING,
    PERSONS,
    before_index,
    coded,
    count,
    day,
    flag,
    number,
    share,
    spelled,
    text,
)
from agir_pipeline.errors import CheckError
from agir_pipeline.language import LANGUAGES as BOTH
from agir_pipeline.language import _, mark
from agir_pipeline.protocol.model import Labels, OrganisationTeller, Protocol

WORDS = {**PERSONS, **MATCHING}


@once_per_protocol
def matched_contracts(protocol: Protocol) -> Mapping[str, TableContract]:
    """The contract of every table of this step, by name."""
    tables = (
        _matched_pairs(protocol),
        _unmatched_beneficiaries(),
        _analysis_population(protocol),
        _covariate_balance(protocol),
        _matching_pool(protocol),
        _matching_prices(),
        _certificates(protocol),
        _exclusions(),
        _pair_findings(protocol),
        *([_category_prices()] if protocol.matching.near_fine else []),
        *([_alternative_weights()] if protocol.matching.alternatives else []),
    )
    return {table.name: table for table in tables}


def _matched_pairs(protocol: Protocol) -> TableContract:
    near = near_one_another(protocol)
    names = " ".join(f"{column.name}?" for column in near)
    return TableContract(
        "matched_pairs",
        mark("Who is compared with whom"),
        spelled(
            WORDS,
            f"""pair_id beneficiary_person_id control_person_id beneficiary_index_on?
            control_index_on? elapsed_days? common_planned_days? band_number round_number
            design_number distance logit_gap? strata_enforced relaxation_level caliper?
            leave_out_price algorithm_version formed_on status beneficiary_spell_id?
            control_spell_id? {names}""",
            *near,
        ),
        ("pair_id",),
        (Invariant(mark("persons in more than one pair"), _persons_twice),),
    )


def near_one_another(protocol: Protocol) -> tuple[Column, ...]:
    """Whether a control may hear what its beneficiary is told; nothing of it is matched on."""
    told = mark("Whether both contracts of the pair name the same one; of a SIRET the company")
    names = {t.role: _named_by(protocol, t) for t in protocol.contract_tellers}
    same, supported = mark("The same in the pair: {what}"), mark("Share supported there: {what}")
    columns = [flag(f"is_same_{role}", _said_of(same, what), told) for role, what in names.items()]
    rule = protocol.organisations.spillover if protocol.organisations else None
    if rule is not None:
        columns += [
            flag("is_same_territory", mark("Same territory"), mark("Of residence, as matched on")),
            share(f"share_supported_in_{rule.role}", _said_of(supported, names[rule.role]),
                  mark("Of the control's: the share of its contracts, begun and planned to run on "
                       "the control's index date, whose person was supported by then")),
        ]  # fmt: skip
    return tuple(columns)


def _said_of(sentence: str, what: Text) -> Labels:
    """``sentence`` with the words for {what}, in both languages."""
    told = {code: in_language(sentence, code).format(what=in_language(what, code)) for code in BOTH}
    return Labels(**told)


def _named_by(protocol: Protocol, teller: OrganisationTeller) -> Text:
    """What the column is called by which contracts name the organisation."""
    name = teller.siret or teller.number
    return next(c.labels for c in protocol.source(teller.source).columns if c.name == name)


def _persons_twice(pairs: pd.DataFrame) -> int:
    standing = pairs[pairs["status"] != "replaced"]
    members = [standing[f"{arm}_person_id"] for arm in ("beneficiary", "control")]
    return int(pd.concat(members).value_counts().gt(1).sum())


def _unmatched_beneficiaries() -> TableContract:
    return TableContract(
        "unmatched_beneficiaries",
        mark("Beneficiaries without a pair, and why"),
        spelled(WORDS, "person_id reason nearest_distance? round_number?"),
        ("person_id",),
    )


def _analysis_population(protocol: Protocol) -> TableContract:
    """Both members of each pair; a column not fixed by the index date is refused."""
    own = before_index(
        spelled(
            WORDS,
            """pair_id arm person_id index_on? elapsed_days? common_planned_days?
            round_number band_number""",
        )
    )
    names = {column.name for column in own}
    covariates = [c for c in covariate_columns(protocol) if c.name not in names]
    columns = (*own, *covariates)
    refuse_later(columns, "analysis_population")
    return TableContract(
        "analysis_population",
        mark("Both members of each pair at the index date"),
        columns,
        ("pair_id", "arm"),
        (Invariant(mark("pairs without their two members"), _incomplete_pairs),),
    )


def refuse_later(columns: tuple[Column, ...], table: str) -> None:
    """Refuse a table on which matching rests if a column tells what came after the index.

    Raises:
        CheckError: names the columns.
    """
    later = [column.name for column in columns if not column.is_measured_before_index]
    if later:
        raise CheckError(
            _("table {table} may not hold what is not known by the index date: {columns}").format(
                table=table, columns=", ".join(later)
            )
        )


def _incomplete_pairs(members: pd.DataFrame) -> int:
    return int(members.groupby("pair_id")["arm"].nunique().ne(2).sum())


def _covariate_balance(protocol: Protocol) -> TableContract:
    names = {covariate.name: covariate.labels for covariate in protocol.covariates}
    return TableContract(
        "covariate_balance",
        mark("How alike the arms are, before and after"),
        spelled(
            WORDS,
            """round_number covariate level sample n_beneficiaries n_controls n_non_missing
            mean_beneficiary? mean_control? smd? smd_denominator? variance_ratio? ks?
            ecdf_mean? n_effective_controls""",
            coded("covariate", mark("Covariate"), names, mark("Measured before the index date")),
        ),
        ("round_number", "covariate", "level", "sample"),
    )


def _matching_pool(protocol: Protocol) -> TableContract:
    own = spelled(
        WORDS,
        """round_number band_number elapsed_days? person_id arm tie_order index_on? is_open
        stratum logit?""",
    )
    return TableContract(
        "matching_pool",
        mark("Everybody at risk, band by band, as matched"),
        (*own, *covariate_columns(protocol)),
        ("round_number", "band_number", "arm", "person_id"),
    )


def _matching_prices() -> TableContract:
    return TableContract(
        "matching_prices",
        mark("Dual prices that prove each optimum"),
        spelled(
            WORDS,
            """round_number band_number relaxation_level stratum person_id arm price
            leave_out_price caliper?""",
        ),
        ("round_number", "band_number", "relaxation_level", "stratum", "arm", "person_id"),
    )


def _category_prices() -> TableContract:
    return TableContract(
        "category_prices",
        mark("Dual prices of the categories balanced near-finely"),
        spelled(
            WORDS,
            """round_number band_number relaxation_level stratum category surplus_before
            n_beneficiaries n_controls surplus_after price surplus_price""",
            count("n_beneficiaries", mark("Beneficiaries"), mark("Of the pairs formed here")),
            count("n_controls", mark("Controls"), mark("Of the pairs formed here")),
            number("price", mark("Dual price"),
                   mark("Dual value of the category, from zero to the surplus price"), minimum=0),
        ),
        ("round_number", "band_number", "relaxation_level", "stratum", "category"),
        (Invariant(mark("categories whose surplus does not add up"), _not_carried),),
    )  # fmt: skip


def _not_carried(categories: pd.DataFrame) -> int:
    after = categories["surplus_before"] + categories["n_controls"] - categories["n_beneficiaries"]
    return int(categories["surplus_after"].ne(after).sum())


def _certificates(protocol: Protocol) -> TableContract:
    more = "surplus_price n_surplus" if protocol.matching.near_fine else ""
    return TableContract(
        "certificates",
        mark("Primal against dual, stratum by stratum"),
        spelled(
            WORDS,
            f"""round_number band_number elapsed_days? relaxation_level stratum n_beneficiaries
            n_candidates n_pairs n_left_out n_tied total_distance bound gap {more}""",
        ),
        ("round_number", "band_number", "relaxation_level", "stratum"),
        (Invariant(mark("beneficiaries neither paired nor left out"), _not_accounted),),
    )


def _not_accounted(proofs: pd.DataFrame) -> int:
    ends = proofs["n_pairs"] + proofs["n_left_out"]
    return int(proofs["n_beneficiaries"].ne(ends).sum())


def _exclusions() -> TableContract:
    return TableContract(
        "exclusions",
        mark("Controls kept out by a dated condition"),
        spelled(
            WORDS,
            "round_number elapsed_days? person_id reason",
            coded("reason", mark("Condition"), EXCLUSION_REASONS, mark("Every one that applies")),
        ),
        ("round_number", "elapsed_days", "person_id", "reason"),
    )


def _pair_findings(protocol: Protocol) -> TableContract:
    names = {covariate.name: covariate.labels for covariate in protocol.covariates}
    return TableContract(
        "pair_findings",
        mark("What today's data say otherwise of locked pairs"),
        spelled(
            WORDS,
            "pair_id arm finding covariate? known_on? receipt_id? is_decided",
            coded("finding", mark("Finding"), FINDINGS,
                  mark("Only a pair that is void leaves the effects")),
            coded("covariate", mark("Covariate"), names, mark("Of a covariate that changed")),
            day("known_on", mark("Known since"),
                mark("By the newest row in use that tells it; empty where no row is left")),
            text("receipt_id", mark("Receipt"), mark("Of what brought that row")),
            flag("is_decided", mark("Decided on"),
                 mark("Whether the steward corrected what it rests on, or told who it is about")),
        ),
        ("pair_id", "arm", "finding", "covariate"),
    )  # fmt: skip


def _alternative_weights() -> TableContract:
    return TableContract(
        "alternative_weights",
        mark("Weights of the alternatives to the pairs"),
        spelled(WORDS, "round_number alternative person_id arm set_number? weight"),
        ("alternative", "arm", "person_id"),
    )


FRONTIER = "frontier"


def frontier_contract(protocol: Protocol) -> TableContract:
    """Made on demand and not released; the committee chooses the price from it."""
    more = "n_surplus" if protocol.matching.near_fine else ""
    return TableContract(
        FRONTIER,
        mark("What each price of leaving somebody out buys"),
        spelled(
            WORDS,
            f"""leave_out_price n_pairs n_left_out total_distance mean_distance? largest_gap?
            max_absolute_smd? mean_absolute_smd? {more} is_declared is_before_outcomes""",
            count("n_surplus", mark("Surplus"), mark("Controls beyond their category's share")),
        ),
        ("leave_out_price",),
    )
