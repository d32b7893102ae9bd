"""What stricter readers would ask of pairs, and what stood before the index date of each."""

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.judged import People
from agir_pipeline.methods.effects.pairs_kept import Doubts, pairs_kept
from agir_pipeline.methods.matching.pair_findings import NOT_AT_RISK
from agir_pipeline.methods.matching.participants import supported_since
from agir_pipeline.methods.matching.spillover import same_column
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.study import Study


def kept_pairs(
    study: Study, connection: sa.Connection, people: People
) -> dict[str, frozenset[str]]:
    """Which pairs each doubt leaves, by what it asks for."""
    protocol, read = study.protocol, study.warehouse.read
    helped = None
    if column := protocol.inference.helped_column:
        answers = read(connection, "linked", "answers", f'"{column}"', wanted=["person_id"])
        helped = set(answers["person_id"])
    findings = read(
        connection, "matched", "pair_findings", f"finding <> '{NOT_AT_RISK}'", wanted=["pair_id"]
    )
    pairs = people.pairs
    shared = {
        t.role: set(pairs.loc[pairs[same_column(t.role)].fillna(False).astype(bool), "pair_id"])
        for t in protocol.contract_tellers
    }
    doubts = Doubts(
        supported=people.ever_supported(protocol),
        helped=helped,
        found=set(findings["pair_id"]),
        shared=shared,
    )
    return pairs_kept(pairs, doubts)


def before_index(
    protocol: Protocol, people: People, population: pd.DataFrame
) -> pd.DataFrame | None:
    """By pair: elapsed days, days to the control's own support, and the exact stratum.

    None where the study has no index dates. ``population`` holds the covariates as matched on.
    """
    index = protocol.matching.index
    if index is None:
        return None
    dated = {"person_id", "arm", index.entry_column, index.supported_since_column}
    known = people.participants[[name for name in people.participants if name in dated]]
    own = known[known["person_id"].isin(people.members("control"))]
    entered = own[index.entry_column].where(own["arm"] == "beneficiary")
    since = supported_since(own, entered, index).groupby(own["person_id"]).min()
    # without a pair yet, mapping would give numbers of nothing and not days
    told = since.reindex(people.members("control")).set_axis(people.pairs.index)
    days = pd.to_datetime(told) - pd.to_datetime(people.pairs["control_index_on"])
    exact = [covariate.name for covariate in protocol.covariates if covariate.role == "exact"]
    ours = population[population["arm"] == "beneficiary"]
    stratum = ours.groupby(exact, dropna=False).ngroup() if exact else pd.Series(0, ours.index)
    stratum = stratum.set_axis(ours["pair_id"])
    return pd.DataFrame(
        {
            "elapsed_days": people.pairs["elapsed_days"].to_numpy(),
            "supported_days": days.dt.days.to_numpy(),
            "stratum": people.pairs["pair_id"].map(stratum).to_numpy(),
        },
        index=people.pairs["pair_id"],
    )
