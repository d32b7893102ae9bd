"""A definition is one line: it makes a new digest, and the curve shows what it changed."""

import shutil
from datetime import date, timedelta

import pandas as pd
import pytest

from agir_pipeline.methods.effects.causes import numbered_pairs, of_any_cause
from agir_pipeline.methods.effects.specifications import event_specifications
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

CUT = date(2012, 12, 31)
LINE, OTHER = "window_days = 180", "window_days = 30"
NO_CAUSES = pd.DataFrame(columns=["definition", "pair_id", "arm", "reason"])
NO_TERMS = pd.DataFrame(
    {
        "spell_id": pd.Series(dtype="string"),
        "amendment_number": pd.Series(dtype="Int64"),
        "planned_end_on": pd.Series(dtype="datetime64[us]"),
        "holds_from_on": pd.Series(dtype="datetime64[us]"),
    }
)
MEMBERS = """
pair_id | arm         | person_id | spell_id | index_on
p1      | beneficiary | ada       | a1       | 2010-03-01
p1      | control     | ben       | b1       | 2010-03-01
p2      | beneficiary | cid       | c1       | 2010-03-01
p2      | control     | dan       | d1       | 2010-03-01
"""
SPELLS = """
person_id | spell_id | source            | starts_on  | planned_end_on | ended_early_on
ada       | a1       | contract_register | 2010-01-01 | 2011-12-31     | 2010-06-01
ada       | a2       | contract_register | 2010-09-01 | 2012-08-31     |
ben       | b1       | contract_register | 2010-01-01 | 2011-12-31     |
cid       | c1       | contract_register | 2010-01-01 | 2011-12-31     |
dan       | d1       | contract_register | 2010-01-01 | 2011-12-31     | 2010-06-01
"""


def curve(protocol, run_model, database):
    outcome = protocol.outcomes[0]
    kept = tuple(d for d in outcome.definitions if d.name == "net_180")
    outcome = outcome.model_copy(update={"definitions": kept})
    [definition] = kept
    wait = outcome.consolidation_days.value + definition.window_days
    study = {
        "windows_days": [definition.window_days],
        "event_definitions": [
            definition.model_dump()
            | {
                "outcome": outcome.name,
                "origin": outcome.origin,
                "cut_on": str(CUT - timedelta(days=wait)),
            }
        ],
    }
    ends = run_model(
        database, "spell_ends", {"linked.spells": SPELLS, "linked.spell_terms": NO_TERMS}, study
    )
    tables = {"outcomes.pair_members": MEMBERS, "outcomes.spell_ends": ends}
    candidates = run_model(database, "event_candidates", tables, study)
    facts = run_model(
        database, "event_times", tables | {"outcomes.event_candidates": candidates}, study
    )
    pairs = of_any_cause(numbered_pairs(facts, NO_CAUSES, outcome, CUT), outcome)
    table = event_specifications(pairs, {}, outcome, protocol.inference)
    return table[table["is_primary"]]["estimate_points"].tolist()


def test_a_definition_is_one_line_a_new_digest_and_another_point_of_the_curve(
    tmp_path, run_model, database
):
    packaged = packaged_protocols()["agir"]
    folder = tmp_path / "agir"
    shutil.copytree(packaged.parent, folder)
    text = packaged.read_text("utf-8")
    before = load_protocol(packaged)
    (folder / "agir.toml").write_text(text.replace(LINE, OTHER, 1), encoding="utf-8")
    after = load_protocol(folder / "agir.toml")
    changed = [
        (old, new)
        for old, new in zip(
            text.splitlines(), (folder / "agir.toml").read_text("utf-8").splitlines(), strict=True
        )
        if old != new
    ]
    assert changed == [(LINE, OTHER)]
    assert before.design_digest != after.design_digest
    assert before.protocol_digest != after.protocol_digest
    # ada signed again after 92 days: secured within 180 days, broken within 30
    assert curve(before, run_model, database) == pytest.approx([-50.0])
    assert curve(after, run_model, database) == pytest.approx([0.0])
