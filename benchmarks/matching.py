"""Matching against other packages, in one run: seconds, CPU, memory, pairs and their total.

Data of the reference document: five numbers, three flags, two categories; those who want support
most get it. Every case runs in a process of its own and times the propensity score and the
matching, no reading. Peers run where they are installed: R with MatchIt as ``Rscript``, Python
packages each in a virtual environment ``<AGIR_PEERS>/<package>``. Totals are on one common score
or distance. Debian's MatchIt is 4.5.1, whose caliper does not work: it counts for time only.

    AGIR_PEERS=… python benchmarks/matching.py [case …]
"""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching import match
from agir_pipeline.methods.matching.optimal import Problem, solve
from agir_pipeline.methods.matching.pair_tables import surplus_in_rounds
from agir_pipeline.methods.matching.proof import verify
from agir_pipeline.methods.matching.propensity import linear_predictor, score_fit
from agir_pipeline.methods.matching.rounds import match_round
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.protocol.model import Covariate, Labels

HERE = Path(__file__).resolve()
SECONDS = int(os.environ.get("AGIR_PEER_SECONDS", "300"))
X = ["c1", "c2", "c3", "c4", "c5", "b1", "b2", "b3", "k1", "k2"]
Found = dict[str, float | int | str]


def draw(n_treated: int, n_controls: int, has_texts: bool = True) -> pd.DataFrame:
    """One population; ``treated`` are those with the largest wish plus chance."""
    rng = np.random.default_rng(20101231)
    n = n_treated + n_controls
    columns: dict[str, np.ndarray] = {f"c{i}": rng.normal(size=n) for i in (1, 2, 3)}
    columns |= {f"c{i}": rng.gamma(2, 1, n) for i in (4, 5)}
    shares = {"b1": 0.3, "b2": 0.5, "b3": 0.1}
    columns |= {name: (rng.random(n) < share).astype(float) for name, share in shares.items()}
    k1, k2 = rng.integers(0, 4, n), rng.integers(0, 6, n)
    wish = 0.6 * columns["c1"] + 0.4 * columns["c2"] - 0.3 * columns["c4"]
    wish += 0.5 * columns["b1"] - 0.4 * columns["b2"] + 0.2 * (k1 == 2) + 0.3 * (k2 == 5)
    treated = np.zeros(n, dtype=np.int64)
    treated[np.argpartition(-(wish + rng.gumbel(size=n)), n_treated)[:n_treated]] = 1
    if has_texts:
        columns |= {"k1": np.array(list("abcd"))[k1], "k2": np.array(list("abcdef"))[k2]}
    else:
        columns |= {f"k1{i}": (k1 == i).astype(float) for i in (1, 2, 3)}
        columns |= {f"k2{i}": (k2 == i).astype(float) for i in range(1, 6)}
    return pd.DataFrame(columns | {"treated": treated})


# ------------------------------------------------------------------------------- our side


def paired(data: pd.DataFrame, **said: object) -> Found:
    found = match(data, "treated", X, **said)  # type: ignore[arg-type]
    proof = found.certificates
    return {
        "pairs": int(proof["n_pairs"].sum()),
        "total": math.fsum(proof["total_distance"]),
        "gap": float(proof["gap"].abs().max()),
        "algorithm": str(proof["algorithm"].iloc[0]),
    }


def on_line(data: pd.DataFrame) -> Found:
    """Ten million controls: numbers alone, no data frame of texts."""
    arm = data.pop("treated").to_numpy() == 1
    x = np.column_stack([np.ones(len(arm)), data.to_numpy()])
    began = time.perf_counter()
    logit = linear_predictor(x, score_fit(x, arm).coefficients)
    fitted = time.perf_counter() - began
    problem = Problem((logit[arm], logit[~arm]), None, math.inf, math.inf)
    found = solve(problem)
    solved = time.perf_counter() - began - fitted
    proof = verify(problem, found.control_of, found.prices)
    return {
        "pairs": int((found.control_of >= 0).sum()),
        "total": proof.total_distance,
        "gap": proof.gap,
        "algorithm": found.algorithm,
        "fit_seconds": fitted,
        "solve_seconds": solved,
    }


def with_time(data: pd.DataFrame) -> pd.DataFrame:
    """When support began, in days and bands of fifteen, and when each contract ended."""
    rng = np.random.default_rng(1)
    n, arm = len(data), data["treated"].to_numpy() == 1
    delay = np.where(arm, rng.uniform(0, 90, n), np.nan)
    return data.assign(
        delay=delay, edge=delay // 15 * 15 + 15, exit=np.where(arm, 1e9, rng.exponential(900, n))
    )


def in_bands(data: pd.DataFrame, near_fine: str | None = None) -> Found:
    """A round of a study: delays in six bands, exits, a window of starts, all of it in order.

    Told is also how many controls are beyond the share of their level of k2, balanced or not.
    """
    rng = np.random.default_rng(2)
    n, arm = len(data), data["treated"].to_numpy() == 1
    timed = with_time(data)
    exits = timed["exit"].to_numpy()
    persons = pd.DataFrame(
        {
            "person_id": [f"p{i}" for i in range(n)],
            "tie_order": [f"{k:08x}" for k in rng.permutation(n)],
            "arm": np.where(arm, "beneficiary", "control"),
            "contract_start_on": np.datetime64("2010-01-01") + rng.integers(0, 180, n),
            "elapsed_delay_days": timed["delay"],
            "supported_since_on": pd.NaT,
            "listed_since_on": pd.NaT,
            "consented_on": pd.NaT,
            "has_consent_rule": False,
            "blocked_reason": None,
        }
    )
    began = time.perf_counter(), time.process_time()
    found = match_round(
        persons, lambda _e: data, lambda edge: exits > edge, spec(near_fine), date(2012, 12, 31), {}
    )
    spent = {"seconds": time.perf_counter() - began[0], "cpu": time.process_time() - began[1]}
    left = surplus_in_rounds([(found.pairs, found.pool)], spec("k2")).values()
    return {
        **spent,
        "pairs": len(found.pairs),
        "total": float(found.pairs["distance"].sum()),
        "gap": float(found.certificates["gap"].abs().max()),
        "algorithm": f"{found.pairs['band_number'].nunique()} bands, "
        f"{sum(n for n in left if n > 0)} beyond their share",
    }


def spec(near_fine: str | None = None) -> MatchingSpec:
    covariates = tuple(
        Covariate(
            name=name,
            labels=Labels(en=name, fr=name),
            origin="person",
            column=name,
            scale="category" if name.startswith("k") else "number",
            role="distance",
            in_propensity=True,
            source="simulation",
        )
        for name in X
    )
    return MatchingSpec(
        covariates, "robust_rank_mahalanobis", "plain", 0.2, "pooled", math.inf, 15, 45, 45, 1,
        near_fine=near_fine,
    )  # fmt: skip


def priced_at_its_caliper(data: pd.DataFrame) -> Found:
    """The price is the caliper: two passes, the first to know it on a sample of the rows."""
    width = match(data.iloc[::50], "treated", X, distance="logit").caliper
    return paired(data, distance="logit", leave_out_price=width)


# ------------------------------------------------------------------------------ the peers

R_NEAREST = """
suppressMessages(library(MatchIt)); a <- commandArgs(TRUE); d <- read.csv(a[1])
f <- treated ~ c1+c2+c3+c4+c5+b1+b2+b3+k1+k2; t0 <- proc.time()
m <- matchit(f, data=d, method="nearest", distance="glm", link="linear.logit" CALIPER)
t <- proc.time() - t0; p <- m$match.matrix[,1]; k <- !is.na(p)
write.csv(data.frame(t=as.integer(names(p))[k]-1, c=as.integer(p)[k]-1), a[2], row.names=FALSE)
cat(t[["elapsed"]], t[["user.self"]]+t[["sys.self"]], "\\n")
"""
R_INSIDE = ", caliper=0.2"
R_MAHALANOBIS = ", caliper=0.2, mahvars=~c1+c2+c3+c4+c5+b1+b2+b3+k1+k2"
PY_HEAD = """
import sys, time, warnings; warnings.filterwarnings("ignore")
import pandas as pd, numpy as np
d = pd.read_csv(sys.argv[1])
def done(w, c, t, k):
    pd.DataFrame({"t": t, "c": k}).to_csv(sys.argv[2], index=False)
    print("\\n" + str(time.perf_counter() - w), time.process_time() - c)
"""
PY_PYMATCHIT = """
from pymatchit import MatchIt
w, c = time.perf_counter(), time.process_time()
m = MatchIt(d, method="METHOD", distance="glm", link="linear.logit")
m.fit("treated ~ c1+c2+c3+c4+c5+b1+b2+b3+C(k1)+C(k2)")
p = m.match_matrix if hasattr(m, "match_matrix") else m.matched_indices
rows = [(t, k) for t, k in (p.items() if isinstance(p, dict) else p.iloc[:, 0].items())]
flat = [(t, k[0] if isinstance(k, (list, tuple, np.ndarray)) else k) for t, k in rows]
done(w, c, [t for t, _ in flat], [k for _, k in flat])
"""
PY_BANDS = """
from pymatchit import MatchIt
w, c = time.perf_counter(), time.process_time()
free, flat = np.ones(len(d), dtype=bool), []
for edge in sorted(d["edge"].dropna().unique()):
    there = (d["edge"] == edge) | ((d["treated"] == 0) & free & (d["exit"] > edge))
    m = MatchIt(d[there].reset_index(), method="optimal", distance="glm", link="linear.logit")
    m.fit("treated ~ c1+c2+c3+c4+c5+b1+b2+b3+C(k1)+C(k2)")
    rows = np.flatnonzero(there)
    for t, k in m.matched_indices.items():
        k = k[0] if isinstance(k, (list, tuple, np.ndarray)) else k
        flat.append((rows[int(t)], rows[int(k)]))
        free[flat[-1][1]] = False
done(w, c, [t for t, _ in flat], [k for _, k in flat])
"""
PY_PSMPY = """
from psmpy import PsmPy
x = pd.get_dummies(d, columns=["k1", "k2"], drop_first=True, dtype=float)
x.insert(0, "id", np.arange(len(x)))
w, c = time.perf_counter(), time.process_time()
m = PsmPy(x, treatment="treated", indx="id", exclude=[]); m.logistic_ps(balance=False)
m.kdtree_matched(matcher="propensity_logit", replacement=False, caliper=None)
p = m.matched_ids
done(w, c, p.iloc[:, 0], p.iloc[:, 1])
"""
PY_PYSMATCH = """
from pysmatch.Matcher import Matcher
x = pd.get_dummies(d, columns=["k1", "k2"], drop_first=True, dtype=float)
x.insert(0, "id", np.arange(len(x)))
w, c = time.perf_counter(), time.process_time()
m = Matcher(x[x.treated == 1], x[x.treated == 0], yvar="treated", exclude=["id"])
m.fit_scores(balance=False, nmodels=1); m.predict_scores()
m.match(method="min", nmatches=1, threshold=0.05, replacement=False)
p = m.matched_data.sort_values("treated", ascending=False).groupby("match_id")["id"].apply(list)
p = [v for v in p if len(v) == 2]
done(w, c, [v[0] for v in p], [v[1] for v in p])
"""


def r(more: str) -> tuple[str, str]:
    return "Rscript", R_NEAREST.replace("CALIPER", more)


def py(package: str, code: str) -> tuple[str, str]:
    return package, PY_HEAD + code


LINE_PEERS = {
    "MatchIt nearest": r(""),
    "pymatchit nearest": py("pymatchit-causal", PY_PYMATCHIT.replace("METHOD", "nearest")),
    "pymatchit optimal": py("pymatchit-causal", PY_PYMATCHIT.replace("METHOD", "optimal")),
    "psmpy": py("psmpy", PY_PSMPY),
    "pysmatch": py("pysmatch", PY_PYSMATCH),
}
Case = tuple[int, int, Callable[[pd.DataFrame], Found], dict[str, tuple[str, str]]]
CASES: dict[str, Case] = {}
for _a, _b in ((75, 1000), (1000, 10_000)):
    CASES |= {
        f"propensity {_a} x {_b}": (
            _a, _b, lambda d: paired(d, distance="logit", caliper=None), LINE_PEERS
        ),
        f"rank Mahalanobis in caliper {_a} x {_b}": (
            _a, _b, lambda d: paired(d), {"MatchIt mahvars": r(R_MAHALANOBIS)}
        ),
        f"risk-set bands {_a} x {_b}": (
            _a, _b, in_bands,
            {
                "pymatchit optimal": LINE_PEERS["pymatchit optimal"],
                "the same by band": py("pymatchit-causal", PY_BANDS),
            },
        ),
        f"near-fine bands {_a} x {_b}": (_a, _b, lambda d: in_bands(d, "k2"), {}),
    }  # fmt: skip
CASES |= {
    "propensity 10000 x 100000": (
        10_000, 100_000, lambda d: paired(d, distance="logit", caliper=None),
        {"MatchIt nearest": r(""), "pysmatch": LINE_PEERS["pysmatch"]},
    ),
    "propensity in caliper 10000 x 100000": (
        10_000, 100_000, lambda d: paired(d, distance="logit"), {"MatchIt nearest": r(R_INSIDE)}
    ),
    "rank Mahalanobis in caliper 10000 x 100000": (
        10_000, 100_000, lambda d: paired(d), {"MatchIt mahvars": r(R_MAHALANOBIS)}
    ),
    "price = caliper 100000 x 1000000": (
        100_000, 1_000_000, priced_at_its_caliper,
        {"MatchIt nearest": r(R_INSIDE), "MatchIt no caliper": r("")},
    ),
    "line 1000 x 10000": (1000, 10_000, on_line, {}),
    "line 10000 x 100000": (10_000, 100_000, on_line, {}),
    "line 100000 x 1000000": (100_000, 1_000_000, on_line, {}),
    "line 100000 x 10000000": (100_000, 10_000_000, on_line, {}),
}  # fmt: skip


# ---------------------------------------------------------------------------------- running


def main(names: list[str]) -> None:
    growth = []
    for name in names or list(CASES):
        n_treated, n_controls, _ours, peers = CASES[name]
        ours = in_process([sys.executable, str(HERE), "--one", name])
        told(name, "ours", ours, ours)
        if name.startswith("line"):
            n = n_treated + n_controls
            growth.append((n, float(ours["cpu"]) / (n * math.log(n)) * 1e9))
        if peers:
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "data.csv"
                with_time(draw(n_treated, n_controls)).to_csv(source, index=False)
                for peer, (runner, code) in peers.items():
                    told(name, peer, peer_run(runner, code, source), ours)
    if growth:
        print("growth of score and solver, CPU nanoseconds per n log n:", end=" ")
        print(", ".join(f"{n:,}: {value:.1f}" for n, value in growth))


def one(name: str) -> None:
    """Our side of a case, in this process; prints what the parent reads."""
    n_treated, n_controls, run, _peers = CASES[name]
    data = draw(n_treated, n_controls, has_texts=run is not on_line)
    wall, cpu = time.perf_counter(), time.process_time()
    found = run(data)
    spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    found = spent | found
    found["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def in_process(command: list[str]) -> Found:
    env = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


def peer_run(runner: str, code: str, source: Path) -> Found:
    """Seconds and CPU as the peer measured them; its pairs on our score."""
    script, pairs = source.with_name("peer"), source.with_name("pairs.csv")
    script.write_text(code, encoding="utf-8")
    python = Path(os.environ.get("AGIR_PEERS", "peers")) / runner / "bin" / "python"
    command = ["Rscript"] if runner == "Rscript" else [str(python)]
    pairs.unlink(missing_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    try:
        done = subprocess.run(
            [*command, str(script), str(source), str(pairs)],
            capture_output=True, text=True, timeout=SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as fault:
        said = (getattr(fault, "stderr", "") or "").strip().splitlines()
        return {"algorithm": f"no result: {type(fault).__name__} {said[-1][:90] if said else ''}"}
    seconds, cpu = map(float, done.stdout.split()[-2:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    found: Found = {"seconds": seconds, "cpu": cpu}
    if after > before:
        found["mb"] = after / 1024
    return found | on_our_score(source, pairs)


def on_our_score(source: Path, pairs: Path) -> Found:
    data, made = pd.read_csv(source), pd.read_csv(pairs)
    x = pd.get_dummies(data[X], columns=["k1", "k2"], drop_first=True, dtype=float).to_numpy()
    x = np.column_stack([np.ones(len(x)), x])
    logit = linear_predictor(x, score_fit(x, data["treated"].to_numpy() == 1).coefficients)
    gap = np.abs(logit[made["t"]] - logit[made["c"]])
    return {"pairs": len(made), "total": float(gap.sum()), "algorithm": f"widest {gap.max():.3f}"}


def told(case: str, who: str, found: Found, ours: Found) -> None:
    cells = [f"{case:44}", f"{who:18}"]
    for key, form in (("seconds", "8.2f"), ("cpu", "8.2f"), ("mb", "6.0f"), ("pairs", "7.0f")):
        cells.append(f"{found[key]:{form}}" if key in found else " " * int(form.split(".")[0]))
    cells.append(f"{found['total']:12.4f}" if "total" in found else " " * 12)
    if found is not ours and "seconds" in found:
        ratios = [float(ours[key]) / float(found[key]) for key in ("seconds", "cpu")]
        cells.append(f"ours/it {ratios[0]:.3f} wall {ratios[1]:.3f} CPU")
    cells.append(f"gap {found['gap']:.1e}" if "gap" in found else "")
    print("  ".join([*cells, str(found.get("algorithm", ""))]), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        main(sys.argv[1:])
