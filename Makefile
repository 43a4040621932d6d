# Every target sets up what it needs in .venv; nothing else is touched.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# The real stream if its data are in place, else the embedded one.
SCENARIO := $(if $(wildcard $(AURA_DATA)/goemotions/train.tsv),goemotions,feelings)

# Tests start many processes: what one has compiled to bytecode, the next need not, whatever the shell says of it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test quick check docs bench clean

run: $(READY)
	$(BIN)/aura run $(SCENARIO)

test: $(READY) check
	$(BIN)/python -m pytest -n auto --dist worksteal

quick: $(READY)
	$(BIN)/python -m pytest -m "not slow" -n auto --dist worksteal

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

bench: $(READY)
	$(BIN)/pip install -q -c constraints.txt -e '.[benchmarks]'
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	touch $@
