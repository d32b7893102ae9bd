"""``match`` on a data frame: golden optima, promises kept, mistakes told, ties by key alone."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching import match
from agir_pipeline.methods.matching.design import MISSING
from agir_pipeline.methods.matching.frontier import frontier
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from tests.methods.matching.problems import some

X = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]


@pytest.fixture(scope="module")
def people(lalonde):
    return lalonde.set_index("id")[["treat", *X, "re78", "ps", "logit"]]


@pytest.fixture(scope="module")
def small():
    """Forty rows with ties, two categories, a number with holes."""
    rng = np.random.default_rng(4)
    n = 40
    return pd.DataFrame(
        {
            "treated": np.arange(n) < 12,
            "age": np.where(rng.random(n) < 0.15, np.nan, rng.integers(18, 26, n)),
            "score": rng.normal(size=n).round(1),
            "level": rng.choice(["iv", "v"], n),
            "sector": rng.choice(["a", "b", None], n),
        },
        index=[f"p{i}" for i in range(n)],
    )


# ------------------------------------------------------------------------- golden figures


def test_the_score_is_that_of_r(people):
    found = match(people, "treat", X, caliper=0.2)
    shift = found.logit - people["logit"]
    # without the intercept: the same distance from R's log-odds for everybody
    assert np.ptp(shift) < 1e-7
    assert found.caliper == pytest.approx(0.269294, abs=1e-6)
    whole = match(people, "treat", X, caliper_convention="whole")
    assert whole.caliper == pytest.approx(0.360902392537548, abs=1e-7)


def test_the_optimum_of_lalonde_on_the_logit(people):
    found = match(people, "treat", X, distance="logit", caliper=None)
    proof = found.certificates.iloc[0]
    assert proof["total_distance"] == pytest.approx(191.755964872, abs=1e-6)
    assert abs(proof["gap"]) <= 1e-9
    assert (proof["n_pairs"], proof["n_tied"], len(found.unmatched)) == (185, 24, 0)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("lalonde_nearest_logit_caliper02", {"distance": "logit"}),
        ("lalonde_mahvars_caliper", {"distance": "mahalanobis"}),
        ("lalonde_nearest_exact_caliper", {"distance": "logit", "exact": ["race", "married"]}),
    ],
)
def test_no_greedy_match_inside_the_same_caliper_is_better(file, said, people, golden):
    found = match(people, "treat", X, caliper_convention="whole", score="logit", **said)
    pairs = [p for p in golden(file)["pairs"] if p["controls"]]
    assert len(found.pairs) >= len(pairs)
    if len(found.pairs) == len(pairs):
        greedy = {"lalonde_mahvars_caliper": 248.653188, "lalonde_nearest_exact_caliper": 22.605907}
        total = greedy.get(file, golden(file)["total_distance"]["ps_abs"])
        assert found.pairs["distance"].sum() <= total + 1e-6
    found.verify()


@pytest.mark.parametrize("distance", ["mahalanobis", "robust_rank_mahalanobis"])
def test_distances_are_those_behind_the_golden_totals(distance, people, golden_pairs):
    known = {"mahalanobis": 342.810199, "robust_rank_mahalanobis": 321.404790}[distance]
    file = "lalonde_" + distance.replace("robust_rank_", "robust_")
    found = match(people, "treat", X, distance=distance, caliper=None)
    own = found.prepared
    mine, theirs = golden_pairs(file)
    place = own.index.get_indexer(people.index)
    difference = own.points[place[mine]] - own.points[place[theirs]]
    assert np.sqrt((difference**2).sum(axis=1)).sum() == pytest.approx(known, abs=1e-6)
    assert found.pairs["distance"].sum() < known


def test_the_balance_is_matchit_s(people, golden, golden_pairs):
    file = "lalonde_nearest_logit_caliper02"
    found = match(people, "treat", X, distance="logit")
    table = found.balance()
    before = table[table["sample"] == "pool"].set_index(["covariate", "level"])
    for name, place in {"age": "value", "re74": "value", "married": "value"}.items():
        expected = golden(file)["balance_all"][name]
        line = before.loc[(name, place)]
        assert line["smd"] == pytest.approx(expected["Std. Mean Diff."], abs=1e-9)
        assert line["ks"] == pytest.approx(expected["eCDF Max"], abs=1e-9)
        assert line["ecdf_mean"] == pytest.approx(expected["eCDF Mean"], abs=1e-9)
        if expected["Var. Ratio"] is not None:
            assert line["variance_ratio"] == pytest.approx(expected["Var. Ratio"], abs=1e-9)
    assert {"value", "value_squared"} <= set(table["level"])
    assert table["n_effective_controls"].min() > 0


# ------------------------------------------------------------------------------ promises


def test_exact_and_near_exact_hold_as_said(people):
    found = match(people, "treat", X, exact=["race"], near_exact=["married", "nodegree"], caliper=1)
    theirs = people.add_suffix("_control")
    both = found.pairs.join(people, on="beneficiary").join(theirs, on="control")
    assert (both["race"] == both["race_control"]).all()
    for level, name in ((0, "married"), (1, "nodegree")):
        kept = both[both["relaxation_level"] <= level]
        assert (kept[name] == kept[f"{name}_control"]).all()
    assert set(found.pairs["relaxation_level"]) == {0, 1}
    assert set(found.pairs["equal"]) == {"race+married+nodegree", "race+nodegree"}
    assert found.pairs["logit_gap"].max() <= found.caliper
    assert found.pairs["control"].is_unique
    found.verify()


def test_several_controls_each(people):
    found = match(people, "treat", X, ratio=2, caliper=None, distance="logit")
    assert len(found.pairs) == 370
    assert found.pairs.groupby("set_number")["beneficiary"].nunique().eq(1).all()
    weights = found.weights.reindex(people.index)
    assert weights[people["treat"] == 0].sum() == pytest.approx(185)
    assert set(weights[people["treat"] == 1]) == {1.0}
    found.verify()


def test_nobody_is_dropped_for_a_hole(small):
    found = match(small, "treated", ["age", "score", "sector"], exact=["level"], caliper=None)
    assert len(found.pairs) + len(found.unmatched) == 12
    levels = set(found.balance()["level"])
    assert {MISSING, "value_squared"} <= levels
    assert set(found.balance().query("covariate == 'sector'")["level"]) == {"a", "b", MISSING}


def test_why_somebody_has_no_control(small):
    rows = small.assign(level=np.where(small.index == "p0", "vi", small["level"]))
    found = match(rows, "treated", ["score"], exact=["level"], caliper=0.02)
    reason = found.unmatched.set_index("beneficiary")
    assert reason.loc["p0", "reason"] == "no_control_in_stratum"
    assert math.isnan(reason.loc["p0", "nearest_distance"])
    assert "outside_caliper" in set(reason["reason"])
    free = match(rows, "treated", ["score"], leave_out_price=0.0, caliper=None, distance="logit")
    assert set(free.unmatched["reason"]) == {"priced_out"}
    assert free.unmatched["nearest_distance"].min() >= 0


def test_separated_arms_get_firth_s_score(small):
    apart = small.assign(flag=small["treated"].astype(float))
    assert np.isfinite(
        match(apart, "treated", ["flag"], caliper=None, distance="logit").logit
    ).all()


def test_a_score_of_nothing_is_the_same_for_everybody(small):
    found = match(small, "treated", exact=["level"], propensity=[], distance="logit")
    assert set(found.logit) == {0.0}
    constant = match(small.assign(one=1), "treated", ["one"], distance="mahalanobis")
    assert constant.pairs["distance"].max() == 0


# --------------------------------------------------------------------- ties and row order


@some
@given(seed=st.integers(0, 10_000), ratio=st.sampled_from([1, 2]))
def test_the_order_of_the_rows_changes_nothing(seed, ratio):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "t": (rng.random(30) < 0.3).astype(int),
            "x": rng.integers(0, 3, 30),
            "k": rng.choice(["a", "b"], 30),
        }
    )
    rows.loc[0, "t"], rows.loc[1, "t"] = 1, 0
    found = match(rows, "t", ["x"], exact=["k"], ratio=ratio, key="salt")
    moved = match(
        rows.sample(frac=1, random_state=seed), "t", ["x"], exact=["k"], ratio=ratio, key="salt"
    )
    pd.testing.assert_frame_equal(found.pairs, moved.pairs)
    pd.testing.assert_frame_equal(found.certificates, moved.certificates)
    found.verify()


def test_another_key_decides_ties_otherwise(people):
    one = match(people, "treat", X, distance="logit", key="a")
    other = match(people, "treat", X, distance="logit", key="b")
    totals = [set(m.certificates["total_distance"].round(9)) for m in (one, other)]
    assert totals[0] == totals[1]
    assert set(map(tuple, one.pairs[["beneficiary", "control"]].to_numpy())) != set(
        map(tuple, other.pairs[["beneficiary", "control"]].to_numpy())
    )


@pytest.mark.parametrize("seed", range(3))
def test_affine_and_monotone_changes_leave_the_pairs(seed, people):
    changed = people.assign(re74=people["re74"] * 3 + 7, age=1 - people["age"] * 2)
    for distance, other in (
        ("mahalanobis", changed),
        ("robust_rank_mahalanobis", people.assign(re75=np.log1p(people["re75"]))),
    ):
        said = {"distance": distance, "score": "logit", "key": str(seed)}
        one, two = match(people, "treat", X, **said), match(other, "treat", X, **said)
        assert one.pairs["distance"].sum() == pytest.approx(two.pairs["distance"].sum(), abs=1e-6)
        assert len(one.pairs) == len(two.pairs)


# ----------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {"covariates": ["agee"]},
            "agee must each be one column of the data; its columns: treated, a",
        ),
        ({"covariates": ["treated"]}, "treated is also named as a covariate: treated"),
        (
            {"covariates": ["age"], "distance": "euclid"},
            "distance is 'euclid', expected one of robust",
        ),
        ({"covariates": ["age"], "caliper_convention": "x"}, "caliper_convention is 'x'"),
        ({"covariates": ["age"], "ratio": 0}, "ratio is 0, expected a whole number from 1"),
        ({"covariates": ["age"], "ratio": 1.5}, "ratio is 1.5, expected a whole number from 1"),
        ({"covariates": ["age"], "ratio": True}, "ratio is True, expected a whole number from 1"),
        ({"covariates": ["age"], "caliper": -1.0}, "caliper must be None or a multiple"),
        ({"covariates": ["age"], "leave_out_price": -1.0}, "leave_out_price must be 0 or more"),
        ({"covariates": []}, "covariates is empty"),
        ({"covariates": ["age"], "score": "age"}, "score must be a finite number in every row"),
        ({"covariates": ["age"], "score": "level"}, "score must be a finite number in every row"),
        (
            {"covariates": ["score"], "fine_balance": "level", "near_exact": ["sector"]},
            "fine_balance goes without near_exact",
        ),
    ],
)
def test_a_wrong_argument_is_told_in_a_sentence(said, sentence, small):
    with pytest.raises(ValueError, match=sentence):
        match(small, "treated", **said)


def test_wrong_data_are_told_in_a_sentence(small):
    for treated in ([None, *[0] * 39], [2, *[0] * 39], [0] * 40):
        with pytest.raises(ValueError, match="treated must hold 1 for the treated and 0"):
            match(small.assign(treated=treated), "treated", ["score"])
    with pytest.raises(ValueError, match="an index without repetitions"):
        match(small.set_axis(["same"] * 40), "treated", ["score"])
    with pytest.raises(ValueError, match="an index without repetitions"):
        match(small.set_axis([1, "1", *range(2, 40)]), "treated", ["score"])
    with pytest.raises(ValueError, match="age must each be one column"):
        match(pd.concat([small, small[["age"]]], axis=1), "treated", ["age"])
    holes = small["age"].astype("Float64")
    with pytest.raises(ValueError, match="score must be a finite number"):
        match(small.assign(age=holes), "treated", ["score"], score="age")
    for endless in (math.inf, -math.inf, 1e200):
        with pytest.raises(ValueError, match="score hold infinite numbers"):
            match(small.assign(score=[endless, *range(39)]), "treated", ["score"])


# ------------------------------------------------------------- whatever a frame may hold


@pytest.fixture
def looked_at(small):
    """Everything an analyst may ask of a match of ``small``, changed; the pairs."""

    def look(covariates=("age", "score"), changed=small, **said):
        found = match(changed, "treated", covariates, **said)
        found.verify()
        assert found.love_plot().startswith("<svg")
        assert len(found.unmatched) + found.pairs["beneficiary"].nunique() == 12
        assert found.weights.sum() >= len(found.pairs)
        return found.pairs

    return look


@pytest.mark.parametrize("distance", ["logit", "mahalanobis", "robust_rank_mahalanobis"])
def test_a_covariate_that_tells_nothing_changes_nothing(distance, small, looked_at):
    plain = looked_at(distance=distance)
    for constant in (1.0, np.nan, "a", None, [[1]] * 40):
        pairs = looked_at(["age", "score", "more"], small.assign(more=constant), distance=distance)
        assert pairs.equals(plain)
    assert len(looked_at(["more"], small.assign(more=1.0), distance=distance)) == 12


def test_numbers_are_numbers_however_they_are_held(small, looked_at):
    plain = looked_at()
    days = pd.Timestamp("2010-01-01") + pd.to_timedelta(small["age"], "D")
    for age in (
        small["age"].astype("Float64"),
        small["age"].astype("Int64"),
        small["age"].astype(object),
        small["age"].astype(object).where(small["age"].notna(), None),
    ):
        assert looked_at(changed=small.assign(age=age)).equals(plain), age.dtype
    labels = ["beneficiary", "control"]
    for age in (days, days.dt.tz_localize("Europe/Paris"), pd.to_timedelta(small["age"], "D")):
        pairs = looked_at(changed=small.assign(age=age))
        assert pairs[labels].equals(plain[labels]), age.dtype
    flag = small["score"] > 0
    plain = looked_at(["age", "flag"], small.assign(flag=flag.astype(float)))
    for held in (flag, flag.astype("boolean"), flag.astype(int)):
        assert looked_at(["age", "flag"], small.assign(flag=held)).equals(plain), held.dtype
    for arm in (small["treated"].astype(int), small["treated"].astype("boolean").astype(object)):
        assert looked_at(changed=small.assign(treated=arm)).equals(looked_at())


def test_any_index_and_any_names_will_do(small, looked_at):
    for index in (
        pd.MultiIndex.from_product([range(8), list("abcde")]),
        pd.date_range("2010-01-01", periods=40),
        pd.Index(range(40), dtype="Int64"),
    ):
        pairs = looked_at(changed=small.set_axis(index))
        assert set(pairs["beneficiary"]) <= set(index[:12])
    numbered = small.rename(columns={"age": 1, "level": 2, "sector": 3})
    looked_at([1], numbered, exact=[2], near_exact=[3])
    assert looked_at("age").equals(looked_at(["age"]))
    assert looked_at(name for name in ["age"]).equals(looked_at(["age"]))


def test_a_missing_number_is_a_stratum_of_its_own(small, looked_at):
    pairs = looked_at(["score"], exact=["age"], caliper=None)
    ages = [small["age"].loc[pairs[side]].to_numpy() for side in ("beneficiary", "control")]
    assert np.array_equal(*ages, equal_nan=True)
    assert np.isnan(ages[0]).any()
    margin = match(small, "treated", ["score"], fine_balance="age", caliper=None)
    assert len(margin.pairs) == 12


def test_one_person_of_an_arm_is_enough(small, looked_at):
    for distance in ("logit", "mahalanobis", "robust_rank_mahalanobis"):
        for rows in (small.iloc[11:], small.iloc[:13], small.iloc[11:13]):
            found = match(rows, "treated", ["age", "score", "level"], distance=distance)
            found.verify()
            assert len(found.balance())
            assert len(found.pairs) + len(found.unmatched) == rows["treated"].sum()


def test_without_any_covariate_the_key_decides(small, looked_at):
    one = looked_at([], distance="logit", key="une clé bien plus longue que seize")
    other = looked_at([], distance="logit", key="une clé bien plus longue, autre")
    assert len(one) == len(other) == 12
    assert not one.equals(other)


# ------------------------------------------------------------------------- own checking


def test_the_check_of_one_s_own_pairs_can_fail(small):
    found = match(small, "treated", ["score"], exact=["level"], caliper=1.0)
    part = found.parts[0]
    turned = np.roll(part.solution.control_of, 1)
    worse = replace(part, solution=replace(part.solution, control_of=turned))
    with pytest.raises(CheckError):
        replace(found, parts=(worse, *found.parts[1:])).verify()
    twice = replace(
        part, solution=replace(part.solution, control_of=np.zeros_like(part.solution.control_of))
    )
    with pytest.raises(CheckError, match="a person in two pairs"):
        replace(found, parts=(twice, *found.parts[1:])).verify()


def test_the_picture_is_drawn(small):
    picture = match(small, "treated", ["score", "age"]).love_plot(0.1)
    assert picture.startswith("<svg")
    assert "age · value_squared" in picture


# -------------------------------------------------------------------------- fine balance


def test_fine_balance_worked_by_hand():
    # nearest controls are all "a"; the treated are one "a" and one "b"
    rows = pd.DataFrame(
        {
            "t": [1, 1, 0, 0, 0],
            "x": [0.0, 1.0, 0.1, 1.1, 3.0],
            "k": ["a", "b", "a", "a", "b"],
        }
    )
    said = {"distance": "logit", "score": "x", "caliper": None}
    assert set(match(rows, "t", **said).pairs["control"]) == {2, 3}
    fine = match(rows, "t", fine_balance="k", **said)
    assert fine.pairs.set_index("beneficiary")["control"].to_dict() == {0: 2, 1: 4}
    assert fine.certificates["gap"].abs().max() <= 1e-9
    fine.verify()


@some
@given(seed=st.integers(0, 10_000))
def test_fine_balance_keeps_the_pairs_and_comes_as_close_as_can_be(seed):
    rng = np.random.default_rng(seed)
    n, k = 3, 5
    rows = pd.DataFrame(
        {
            "t": [1] * n + [0] * k,
            "x": rng.integers(0, 8, n + k) / 4.0,
            "g": rng.choice(["a", "b", "c"], n + k),
            "e": rng.choice(["u", "v"], n + k),
        }
    )
    said = {"distance": "logit", "score": "x", "caliper": 2.0, "exact": ["e"]}
    plain, fine = match(rows, "t", **said), match(rows, "t", fine_balance="g", **said)
    assert len(fine.pairs) == len(plain.pairs)
    best = closest(rows, plain.caliper)
    found = len(fine.pairs), surplus(rows, fine.pairs["beneficiary"], fine.pairs["control"])
    assert found == best[:2]
    assert fine.pairs["distance"].sum() == pytest.approx(best[2])


def surplus(rows, treated, controls):
    """Controls beyond their category's share among the treated that have a pair."""
    wanted = rows.loc[list(treated), "g"].value_counts()
    used = rows.loc[list(controls), "g"].value_counts()
    return int((used - wanted.reindex(used.index).fillna(0)).clip(lower=0).sum())


def closest(rows, caliper):
    """By trying every set of pairs: most pairs, least surplus, least distance."""
    mine, theirs = rows[rows["t"] == 1].index, rows[rows["t"] == 0].index
    x, e = rows["x"], rows["e"]
    found = {(frozenset(), frozenset()): 0.0}
    for one in mine:
        grown = dict(found)
        for (treated, used), total in found.items():
            for other in theirs:
                gap = abs(x[one] - x[other])
                if other not in used and e[one] == e[other] and gap <= caliper:
                    key = treated | {one}, used | {other}
                    grown[key] = min(grown.get(key, math.inf), total + gap)
        found = grown
    best = min(found, key=lambda sets: (-len(sets[0]), surplus(rows, *sets), found[sets]))
    return len(best[0]), surplus(rows, *best), found[best]


def test_with_a_finite_price_shares_agree_and_the_frontier_says_what_that_costs():
    rows = pd.DataFrame(
        {"t": [1, 1, 0, 0, 0], "x": [0.0, 1.0, 0.1, 1.1, 3.0], "k": ["a", "b", "a", "a", "b"]}
    )
    said = {"distance": "logit", "score": "x", "caliper": None, "fine_balance": "k"}
    # the only control of "b" is 2 away: dearer than leaving its treated out
    strict = match(rows, "t", leave_out_price=1.5, **said)
    assert strict.pairs.set_index("beneficiary")["control"].to_dict() == {0: 2}
    assert strict.verify()["gap"].abs().max() <= 1e-9
    table = frontier(rows, "t", prices=[1.5, math.inf], **said)
    assert table["n_pairs"].tolist() == [1, 2]


def test_a_margin_of_too_many_people_is_told(monkeypatch, small):
    monkeypatch.setattr("agir_pipeline.methods.matching.fine_balance.MAX_CELLS", 10)
    with pytest.raises(ValueError, match="fine_balance is for smaller data"):
        match(small, "treated", ["score"], fine_balance="level")


def test_a_wrong_balance_is_refused(monkeypatch, small):
    from agir_pipeline.methods.matching import fine_balance

    honest = fine_balance.solve_with_margin

    def lying(*sought):
        found = honest(*sought)
        prices = replace(found.prices, beneficiaries=found.prices.beneficiaries - 1.0)
        return replace(found, prices=prices)

    monkeypatch.setattr(fine_balance, "solve_with_margin", lying)
    with pytest.raises(CheckError, match="refused by their certificate"):
        match(small, "treated", ["score"], fine_balance="level")


@pytest.mark.parametrize("ratio", [1, 2])
def test_balanced_pairs_that_are_not_the_best_prove_nothing(ratio, small):
    found = match(small, "treated", ["score"], fine_balance="sector", caliper=None, ratio=ratio)
    part = found.parts[0]
    assert part.verify() == part.certificate
    assert part.certificate.gap == pytest.approx(0.0, abs=1e-12)
    cost, margin = part.balanced.table()[0], part.balanced.margin

    def worth(control_of):
        surplus = np.maximum(margin.left(control_of), 0).sum()
        return int(surplus), round(float(cost[np.arange(len(cost)), control_of].sum()), 6)

    own, n_refused = part.solution.control_of, 0
    for row, other in itertools.product(range(len(own)), range(cost.shape[1])):
        swapped = np.where(np.arange(len(own)) == row, other, own)
        if other not in own and worth(swapped) > worth(own):
            n_refused += 1
            with pytest.raises(CheckError, match="refused by their certificate"):
                replace(part, solution=replace(part.solution, control_of=swapped)).verify()
    assert n_refused > 10
    for other in (LEFT_OUT, own[1]):  # one pair fewer; a control used twice
        worse = np.where(np.arange(len(own)) == 0, other, own)
        with pytest.raises(CheckError, match="refused by their certificate"):
            replace(part, solution=replace(part.solution, control_of=worse)).verify()
