"""A release checked from its own files: whole, and its pairs allowed and optimal."""

from dataclasses import dataclass

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.verification import Terms, verify_pairs
from agir_pipeline.resources.release_folder import damaged_files
from agir_pipeline.resources.releases import Releases

TABLES = ("matched_pairs", "matching_pool", "matching_prices")


@dataclass(frozen=True)
class Verified:
    """What was checked, and every fault as a sentence."""

    sentence: str
    faults: tuple[str, ...]


def verified(releases: Releases, release_id: str | None = None) -> Verified:
    """The release, or the current one, checked from its manifest and three of its tables.

    A fourth is read where the design balances a category near-finely. Nothing else of the study
    is: no warehouse, no receipt, no protocol.

    Raises:
        UsageError: there is no such release, or it is older than this check.
        CheckError: a table of it cannot be read.
    """
    pairs, pool, prices = (releases.read(table, release_id) for table in TABLES)
    chosen = release_id or releases.current() or ""
    facts = releases.manifest(chosen)["facts"]
    if "matching" not in facts or "caliper" not in prices:
        raise UsageError(
            _("release {id} does not say how its pairs were formed; publish it again").format(
                id=chosen
            )
        )
    terms = Terms.from_facts(facts["matching"])
    categories = releases.read("category_prices", release_id) if terms.near_fine else None
    findings = verify_pairs(pairs, pool, prices, terms, categories)
    faults = [
        _("file {name} is not as the manifest says").format(name=name)
        for name in damaged_files(releases.folder / chosen)
    ]
    faults += [
        _("round {round}, band {band}, relaxation {level}, stratum {stratum}: {fault}").format(
            round=found.round_number,
            band=found.band_number,
            level=found.relaxation_level,
            stratum=found.stratum,
            fault=found.fault,
        )
        for found in findings
        if found.fault
    ]
    sentence = _("release {id}: {pairs} pairs in {strata} strata checked, {faults} fault(s)")
    return Verified(
        sentence.format(id=chosen, pairs=len(pairs), strata=len(findings), faults=len(faults)),
        tuple(faults),
    )
