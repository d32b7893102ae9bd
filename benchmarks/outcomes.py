"""What the evaluators' tables cost at a thousand times the study: seconds, memory, time per row.

usage: python -m benchmarks.outcomes [SCALE …] [--home HOME]      (default: 10 1000)

The linked and matched tables of a finished demo are multiplied inside its database, every person,
contract, answer and pair with an identifier of its own; nothing is read from files, linked or
matched again. Then the SQL of the outcomes and every estimator run once, in a process of its own,
as the step ``outcomes`` runs them. Prints for each scale the rows, the CPU seconds of the SQL and
of the estimators, the peak memory, and microseconds per contract, answer and interview.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

OWN = (
    "person_id", "spell_id", "pair_id", "record_id", "entity_id", "tie_order",
    "beneficiary_person_id", "control_person_id", "beneficiary_spell_id", "control_spell_id",
)  # fmt: skip
"""What names one person, contract, row or pair: each copy has its own."""
READ = (
    "answers", "participants", "persons", "spells", "spell_terms", "spell_versions", "person_links",
    "support_log", "matched_pairs", "analysis_population",
)  # fmt: skip
"""What the outcomes are made from; the other tables stay as they are."""

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from agir_pipeline.assets.outcomes import effects
from agir_pipeline.assets.sql_tables import build_models
from agir_pipeline.assets.variables import outcome_variables
from agir_pipeline.resources.study import open_study

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

study = open_study(Path({home!r}))
with study.warehouse.transaction() as connection:
    at, began = time.process_time(), time.perf_counter()
    build_models(study, connection, "outcomes", outcome_variables(study))
    sql, sql_peak = time.process_time() - at, peak_mb()
    at = time.process_time()
    made = effects(study, connection)
    estimators = time.process_time() - at
    wall = time.perf_counter() - began
    connection.rollback()
print(json.dumps({{
    "sql_cpu_s": sql, "estimators_cpu_s": estimators, "wall_s": wall, "sql_peak_mb": sql_peak,
    "peak_mb": peak_mb(), "n_tables": len(made),
}}))
"""


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("scales", nargs="*", type=int, default=[10, 1000])
    reader.add_argument("--home", type=Path)
    wanted = reader.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        finished = wanted.home or made_demo(Path(folder) / "demo")
        for scale in wanted.scales:
            home = Path(folder) / f"times_{scale}"
            shutil.copytree(finished, home, symlinks=True)
            rows = multiply(home / "warehouse" / "study.duckdb", scale)
            told = measured(home)
            tell(scale, rows, told)
            shutil.rmtree(home)


def made_demo(home: Path) -> Path:
    command = [sys.executable, "-m", "agir_pipeline.cli", "demo", "--home", str(home)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return home


def multiply(database: Path, scale: int) -> dict[str, int]:
    """Every row ``scale`` times; how many contracts, answers, interviews and pairs there are."""
    with duckdb.connect(str(database)) as connection:
        found = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where list_contains(?, table_name)",
            [list(READ)],
        ).fetchall()
        for schema, table in found:
            _multiply(connection, schema, table, scale)
        counted = {
            "contracts": "linked.spells",
            "answers": "linked.answers",
            "interviews": "validated.support_log",
            "pairs": "matched.matched_pairs",
        }
        return {
            name: int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])
            for name, table in counted.items()
        }


def _multiply(connection: duckdb.DuckDBPyConnection, schema: str, table: str, scale: int) -> None:
    columns = connection.execute(
        "select column_name from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    names = [
        f'"{name}" || \'-\' || copy as "{name}"' if name in OWN else f'"{name}"'
        for (name,) in columns
    ]
    connection.execute(
        f"create table {schema}.multiplied as select {', '.join(names)} "
        f'from {schema}."{table}" cross join range({scale}) as copies(copy)'
    )
    connection.execute(f'drop table {schema}."{table}"')
    connection.execute(f'alter table {schema}.multiplied rename to "{table}"')


def measured(home: Path) -> dict[str, Any]:
    program = MEASURE.format(home=str(home))
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def tell(scale: int, rows: dict[str, int], told: dict[str, Any]) -> None:
    n_rows = rows["contracts"] + rows["answers"] + rows["interviews"]
    cpu = told["sql_cpu_s"] + told["estimators_cpu_s"]
    counts = ", ".join(f"{n:,} {name}" for name, n in rows.items())
    print(f"scale {scale}: {counts}")
    print(
        f"  SQL {told['sql_cpu_s']:.1f} s, estimators {told['estimators_cpu_s']:.1f} s of CPU, "
        f"wall {told['wall_s']:.0f} s, peak {told['peak_mb']:,.0f} MB "
        f"(after the SQL {told['sql_peak_mb']:,.0f}), {1e6 * cpu / n_rows:.0f} µs per row",
        flush=True,
    )


if __name__ == "__main__":
    main()
