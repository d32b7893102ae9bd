# Two commands for a newcomer: `make demo` and `make test`. Everything else is for developers.

DEMO_HOME ?= demo
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-ui check bench bench-matching campaign-matching bench-intake bench-outcomes \
  bench-linkage fuzz fuzz-small fuzz-servers \
  campaign-coverage campaign-inference campaign-bias campaign-planted campaign-nights campaign-scale campaign-canaries campaign-erasures \
  messages guides lock clean

setup: .venv/.installed

.venv/.installed: requirements.lock pyproject.toml scripts/setup
	scripts/setup
	touch .venv/.installed

demo: setup
	.venv/bin/agir demo --home $(DEMO_HOME)

test: setup
	.venv/bin/python -m pytest -n 2 --dist loadgroup -m "not long" $(PYTEST_ARGS)

# The steward's path in a real browser; needs Chromium (Debian: apt-get install chromium).
test-ui: setup
	.venv/bin/python -m pytest tests/ui tests/dagster/test_interface.py \
	  tests/dagster/test_clock_changes.py -m "long or not long" -s $(PYTEST_ARGS)

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest -n 2 --dist loadgroup -m "not long" --cov --cov-report=
	.venv/bin/python scripts/coverage_gate.py

bench: setup
	.venv/bin/python benchmarks/nightly.py

# Peers are installed by hand, side by side: R's MatchIt, and AGIR_PEERS/<package> for Python ones.
bench-matching: setup
	.venv/bin/python benchmarks/matching.py

campaign-matching: setup
	AGIR_TEST_CASES=1000 .venv/bin/python -m pytest tests/methods/matching

# The evaluators' tables at 10 and 1,000 times the study.
bench-outcomes: setup
	.venv/bin/python -m benchmarks.outcomes

bench-intake: setup
	.venv/bin/python benchmarks/intake.py

# Drawn and damaged files; each run draws others, and says its seed.
# SEED= draws the same files again; without it each run draws others.
fuzz-small: setup
	.venv/bin/python -m benchmarks.fuzz --files 2000 $(if $(SEED),--seed $(SEED))

fuzz: setup
	.venv/bin/python -m benchmarks.fuzz --files 20000 $(if $(SEED),--seed $(SEED))

campaign-nights: setup
	.venv/bin/python -m pytest -m long --ignore tests/ui --ignore tests/dagster

# Ten times the demo, compared with its truth: files of ten thousand rows, which no test reads. Two minutes.
campaign-scale: setup
	rm -rf build/scale
	.venv/bin/agir demo --home build/scale --scale 10 $(if $(SEED),--seed $(SEED))

# 2,000 sequences of faults, 1,000 answers each, against a survey server on this machine.
fuzz-servers: setup
	.venv/bin/python -m pytest tests/resources/sources/test_server_faults.py -m "long or not long" -s

# Twelve kinds of canary quoted by a fault at each of the six steps.
campaign-canaries: setup
	.venv/bin/python -m pytest tests/study/test_canaries.py -m "long or not long"

# A hundred people of the demo, then a scan of every byte and a second delivery of all files.
campaign-erasures: setup
	.venv/bin/python -m pytest tests/study/test_hundred_erasures.py -m long

campaign-coverage: setup
	.venv/bin/python benchmarks/coverage.py

# The intervals of the programme's tables and of what stands beside the effects, and rules of the calendar.
campaign-inference: setup
	.venv/bin/python -m benchmarks.inference
	.venv/bin/python -m benchmarks.beside
	.venv/bin/python -m benchmarks.calendars

campaign-bias: setup
	.venv/bin/python benchmarks/matching_bias.py 2600

# 400 invented studies at scale 10, each matched in six rounds and estimated: about 30 minutes of one core.
campaign-planted: setup
	.venv/bin/python -m benchmarks.planted

# rapidfuzz is compared if it is there: .venv/bin/uv pip install rapidfuzz
bench-linkage: setup
	.venv/bin/python -m benchmarks.linkage --attacks 3

# English texts are in the code; the French catalogue is kept by hand beside it.
messages: setup
	.venv/bin/pybabel --quiet extract -k _ -k mark --no-location -o agir_pipeline/locales/agir.pot agir_pipeline
	.venv/bin/pybabel --quiet update -D agir -d agir_pipeline/locales -i agir_pipeline/locales/agir.pot --no-fuzzy-matching
	.venv/bin/pybabel --quiet compile -D agir -d agir_pipeline/locales

# The parts of docs/ that follow from the code.
guides: setup
	.venv/bin/python -m scripts.guides

lock: setup
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links -o requirements.lock

clean:
	rm -rf .venv demo
