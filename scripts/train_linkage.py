"""Trains the French prior model of the linkage on invented people.

usage: python -m scripts.train_linkage FILE

The truth is known, so how often each level of agreement occurs among the same people is counted,
not guessed; among different people it is counted on random pairs. Equal seeds give equal files.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from splink import DuckDBAPI, Linker

from agir_pipeline.methods.identity.features import compared_values
from agir_pipeline.methods.identity.model import ID, model_settings
from scripts.french_people import Dirt, two_files

SEED = 20101231
N, N_BOTH = 12_000, 9_000
PRIOR = 1e-4
"""That two records taken at random from files of ten thousand people are one person; the lists of a
study put their own in its place."""
COLUMNS = {
    "last_name": ["last_name", "birth_name"],
    "first_name": ["first_name"],
    "born_on": ["born_on"],
    "place": ["place"],
    "phone": ["phone"],
    "email": ["email"],
}
LEAST = {"m_probability": 2e-3, "u_probability": 1e-6}
"""People err in ways no generator has: no level is impossible for the same person."""
EMAIL = ((0.80, 0.04, 0.16), (1e-5, 1e-3, 0.99899))
"""m and u of the levels of e-mail addresses, which the generator does not invent: judged."""


def main(target: Path) -> None:
    left, right = two_files(N, N, N_BOTH, Dirt(), SEED)
    both = pd.concat([left, right], ignore_index=True)
    values = compared_values(both, COLUMNS)
    values[ID] = [f"r{k:06d}" for k in range(len(both))]
    values["person"] = both["person"].astype("string")
    linker = Linker(DuckDBAPI().register(values), model_settings(), log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=3e7, seed=SEED)
    linker.training.estimate_m_from_label_column("person")
    model = linker.misc.save_model_to_json()
    model["probability_two_random_records_match"] = PRIOR
    for name in ("linker_uid", "blocking_rules_to_generate_predictions"):
        model.pop(name, None)
    for comparison in model["comparisons"]:
        _settle(comparison)
    target.write_text(json.dumps(model, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _settle(comparison: dict) -> None:
    """Every level has a share among the same and among different people, to six figures."""
    levels = [one for one in comparison["comparison_levels"] if not one.get("is_null_level")]
    for place, level in enumerate(levels):
        if comparison["output_column_name"] == "email":
            level["m_probability"], level["u_probability"] = EMAIL[0][place], EMAIL[1][place]
        for name, least in LEAST.items():
            level[name] = round(max(level.get(name) or 0.0, least), 7)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
