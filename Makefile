# Every verb works on a fresh machine with Python 3.11, git and make.
PYTHON ?= python3.11
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile

.PHONY: run test check dev eval eval-baseline golden docs lock format clean

run: $(VENV)/.run  ## set up, index the demo documents, answer a demo question
	$(VENV)/bin/warrant index add demo/documents
	$(VENV)/bin/warrant ask "How long do customers have to return a product, and what does return shipping cost?"

# As many processes as cores are at work: threads of theirs that wait for each other would take most of the time.
test: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/.dev  ## set up and pass the tests, a file of them on each core
	$(VENV)/bin/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

check: $(VENV)/.dev  ## formatting, lint, types, import layers
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

GOLDEN := evals/suites/demo
EVAL := var/evals/golden

eval: $(VENV)/.run  ## run the golden suite offline; exit code 1 if a case got worse than in the baseline
	rm -rf $(EVAL)
	$(VENV)/bin/warrant eval run $(GOLDEN) --model offline --out $(EVAL)
	$(VENV)/bin/warrant eval compare $(GOLDEN)/baseline $(EVAL) --exact

eval-baseline: $(VENV)/.run  ## run the golden suite offline and make its results the baseline; read the diff
	rm -rf $(EVAL)
	$(VENV)/bin/warrant eval run $(GOLDEN) --model offline --out $(EVAL)
	$(VENV)/bin/python -m evals.suites.baseline $(EVAL) $(GOLDEN)/baseline

dev: $(VENV)/.dev  ## LangGraph dev server for Studio
	$(VENV)/bin/langgraph dev --no-browser

format: $(VENV)/.dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

COMPILE := $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-header --no-annotate --no-emit-index-url --extra postgres pyproject.toml

golden: $(VENV)/.dev docs  ## rewrite what tests compare with: prompts, tool schemas, the architecture page
	$(VENV)/bin/python -m pytest -q --write-golden tests/test_golden.py

docs: $(VENV)/.dev
	$(VENV)/bin/python -m graphs.drawing > docs/.architecture.md
	mv docs/.architecture.md docs/architecture.md
	$(VENV)/bin/python -m state.policy > docs/.policy.schema.json
	mv docs/.policy.schema.json docs/policy.schema.json
	$(VENV)/bin/python -m evals.cases.schema > docs/.case.schema.json
	mv docs/.case.schema.json docs/case.schema.json
	$(VENV)/bin/typer app.cli utils docs --name warrant --title "The command line" --output docs/cli.md

lock: $(VENV)/.lock  ## resolve the newest versions that pyproject.toml allows
	$(COMPILE) --upgrade --group dev -o requirements-dev.lock
	$(COMPILE) --upgrade --group build -c requirements-dev.lock -o requirements.lock

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) --require-hashes -r requirements-dev.lock
	touch $@

$(VENV)/.lock: | $(VENV)/bin/python
	$(PIP) uv
	touch $@
