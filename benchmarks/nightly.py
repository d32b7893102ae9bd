"""What a night costs: the demo's nightly job against an empty Dagster job, and time per row.

usage: python benchmarks/nightly.py [SCALE …]      (default: 1 10 100)

Prints wall seconds, CPU seconds and peak memory of the first night at the first scale (it reads the
whole history), of a quiet night after it (nothing new), of `agir demo` end to end at scale 1 (its
files written, a first night, the comparison with the truth), of the floor (Dagster as it comes: as
many empty steps and assets, the same imports, its own SQLite storage), their ratios, and per step
the microseconds per row received at every scale. The matching step stands apart: its cost grows
with who may serve whom, not with rows.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WAITS = 4
"""The exit code of a night that publishes nothing before a steward has looked at open pairs: among
the 85,000 invented people of scale 100 some look like one person. They are answered as the demo
does, and the figure of the last step is that of the next night, which publishes for the first time.
"""

MEASURE = """
import json, resource, sys, time
began = time.perf_counter()
{body}
own = resource.getrusage(resource.RUSAGE_SELF)
kids = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({{
    "wall_s": time.perf_counter() - began,
    "cpu_s": own.ru_utime + own.ru_stime + kids.ru_utime + kids.ru_stime,
    "peak_mb": max(own.ru_maxrss, kids.ru_maxrss) / 1024,
    **extra,
}}))
"""

NIGHT = """
import os
os.environ["AGIR_LANGUAGE"] = "en"
from agir_pipeline.cli import main
sys.argv = ["agir", "run", "--home", {home!r}]
try:
    main()
except SystemExit as ended:
    if ended.code not in (None, 0, {waits}):
        raise
import dagster as dg
from pathlib import Path
from agir_pipeline.resources.home import Home
home = Path({home!r})
os.environ["DAGSTER_HOME"] = str(home / "dagster")
with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
    run = instance.get_runs(limit=1)[0]
    steps = instance.get_run_step_stats(run.run_id)
ends = Home(home).landing.ledger.row_ends()
extra = {{
    "steps": {{
        step.step_key: step.end_time - step.start_time
        for step in steps
        if step.status and step.status.value == "SUCCESS"
    }},
    "rows": sum(row["n_rows"] for row in ends),
    "modules": sorted(name for name in sys.modules if "." not in name),
}}
"""

DEMO = """
from agir_pipeline.cli import main
import multiprocessing, sys
sys.argv = ["agir", "demo", "--home", {home!r}]
try:
    main()
except SystemExit as ended:
    if ended.code:
        raise
multiprocessing.active_children()  # the one that wrote the files has ended: its time counts
extra = {{}}
"""

FLOOR = """
import importlib, os
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
import dagster as dg
import agir_pipeline.running
from pathlib import Path
from agir_pipeline.definitions import build_definitions, make_safe
make_safe()
definitions = build_definitions(Path({home!r}))
os.environ["DAGSTER_HOME"] = {dagster!r}

def empty(asset):
    @dg.multi_asset(
        name=asset.op.name,
        specs=[dg.AssetSpec(k, deps=list(asset.asset_deps.get(k, ()))) for k in sorted(asset.keys)],
    )
    def body():
        for key in sorted(asset.keys):
            yield dg.MaterializeResult(asset_key=key)
    return body

assets = [empty(a) for a in definitions.assets]
job = dg.define_asset_job("floor", executor_def=dg.in_process_executor)
resolved = dg.Definitions(assets=assets, jobs=[job]).resolve_job_def("floor")
with dg.DagsterInstance.from_config({dagster!r}) as instance:
    if not resolved.execute_in_process(instance=instance).success:
        raise SystemExit("the floor failed")
extra = {{}}
"""


def measured(body: str) -> dict[str, object]:
    """Run ``body`` in a fresh interpreter; its own figures and those of its children."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(body=body)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def night(folder: Path, scale: int) -> dict[str, object]:
    """The nightly job of a fresh demo of this size, its past already received."""
    from agir_pipeline.demo import answer_by_truth
    from agir_pipeline.resources.making import make_demo
    from agir_pipeline.resources.study import open_study

    home = folder / f"scale_{scale}"
    truth = make_demo(home, seed=1, scale=scale)
    body = NIGHT.format(home=str(home), waits=WAITS)
    first: dict[str, Any] = measured(body)
    if answer_by_truth(open_study(home), truth):
        second: dict[str, Any] = measured(body)
        first["steps"]["published"] = second["steps"]["published"]
    return first


def floor(folder: Path, modules: object) -> dict[str, object]:
    dagster = folder / "floor"
    dagster.mkdir()
    (dagster / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    home = str(folder / "scale_1")
    return measured(FLOOR.format(modules=modules, home=home, dagster=str(dagster)))


def _per_row(one: dict[str, Any], step: str) -> str:
    """Microseconds per row received; a dash where the step was not done."""
    seconds = one["steps"].get(step)
    return f"{'–':>12}" if seconds is None else f"{1e6 * seconds / one['rows']:12.1f}"


def main() -> None:
    scales = [int(text) for text in sys.argv[1:]] or [1, 10, 100]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        nights = {scale: night(folder, scale) for scale in scales}
        first = nights[scales[0]]
        quiet = measured(NIGHT.format(home=str(folder / f"scale_{scales[0]}"), waits=WAITS))
        empty = floor(folder, first["modules"])
        demo = measured(DEMO.format(home=str(folder / "demo")))
        every = {"first": first, "quiet": quiet, "demo": demo, "floor": empty}
        for name, figures in every.items():
            wall, cpu, peak = figures["wall_s"], figures["cpu_s"], figures["peak_mb"]
            print(f"{name:8} wall {wall:7.2f} s   CPU {cpu:7.2f} s   peak {peak:6.0f} MB")
        for name, figures in every.items():
            ratios = [float(figures[k]) / float(empty[k]) for k in ("wall_s", "cpu_s")]  # type: ignore[arg-type]
            print(f"{name:5} to floor: wall {ratios[0]:.2f}, CPU {ratios[1]:.2f}")
        print("\nmicroseconds per row received")
        print("step      " + "".join(f"{'scale ' + str(s):>12}" for s in scales))
        for step in first["steps"]:  # type: ignore[attr-defined]
            cells = "".join(_per_row(one, step) for one in nights.values())
            print(f"{step:10}{cells}")
        print("rows      " + "".join(f"{n['rows']:12}" for n in nights.values()))
        print("peak MB   " + "".join(f"{n['peak_mb']:12.0f}" for n in nights.values()))


if __name__ == "__main__":
    main()
