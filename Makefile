# Kaojian 考鉴: `make demo` shows it, `make test` tests it; both do all the set-up themselves.
PYTHON ?= python3
export UV_SYSTEM_CERTS = 1
export NODE_USE_SYSTEM_CA = 1
# Node before 22 does not know the line above: the machine's own certificate authorities, where Debian keeps them.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export NODE_EXTRA_CA_CERTS ?= /etc/ssl/certs/ca-certificates.crt
endif
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Hundreds of processes load the same modules: what one of them has compiled, no other compiles again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# Four files of tests run beside each other. Of whole installations two do; they wait more than they compute, and leave
# the rest, at the lowest priority, to what waits for nobody. Those with many cameras run alone: one that gets no
# processor for 1.5 s truly sends nothing, the report truly says so, and even the lowest priority was seen to cost them
# pictures. Twice is the most that a test is run; one that failed the first time is told at the end, with why, to be
# looked into.
TWICE := --reruns 1 --rerun-show-tracebacks -ra
CROWDED := tests/installations/test_demo.py tests/installations/test_drill.py
COMPUTING := tests/house tests/domain tests/records
SIDE_BY_SIDE := $(TWICE) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check
STAMPS := .make
WEB := dashboard/web
# Not the declarations that the build writes itself: they would make it due again after each test run.
WEB_SOURCES := $(filter-out $(WEB)/auto-imports.d.ts $(WEB)/components.d.ts,$(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/*.ts $(WEB)/package-lock.json -type f 2>/dev/null))

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-api test-drills test-drills-real test-mutations test-slices test-kills check audit fix lock clean \
	packages screenshots bench-record bench-archive bench-floorplan bench-hall bench-lookup bench-report bench-roster bench-truth \
	bench-analysis bench-live

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-17s %s\n", $$1, $$2}'

demo: $(STAMPS)/runtime $(WEB)/dist/index.html  ## record a live simulated exam and show the report (ONCE=1: check it and end)
	@$(BIN)/python -m kaojian demo $(if $(ONCE),--once)

serve: $(STAMPS)/runtime $(WEB)/dist/index.html  ## run the service with the settings of the environment
	@$(BIN)/python -m kaojian serve

test:  ## set up what tests need, run them all (ARGS="tests/domain": run these)
	@$(MAKE) --no-print-directory -j 3 ready
	@npm --prefix $(WEB) run --silent test
ifdef ARGS
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -n 4 --durations 25 $(addprefix --ignore ,tests/installations $(COMPUTING))
	@$(MAKE) --no-print-directory -j 2 -k --output-sync=line installations computing
	@$(BIN)/python -m pytest $(TWICE) --durations 5 $(CROWDED)
endif

.PHONY: installations computing ready
installations:
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -n 2 --durations 15 tests/installations $(addprefix --ignore ,$(CROWDED))

computing:
	@nice -n 19 $(BIN)/python -m pytest $(SIDE_BY_SIDE) -n 2 --durations 15 $(COMPUTING)

ready: packages $(STAMPS)/dev $(WEB)/dist/index.html $(STAMPS)/openid $(STAMPS)/whep

test-mutations: $(STAMPS)/dev packages  ## a million spoilt inputs for everything that reads bytes from outside
	@KAOJIAN_MUTATIONS=1000000 $(BIN)/python -m pytest tests/mutation $(ARGS)

test-api: $(STAMPS)/dev packages  ## the API against its description, a hundred requests for each route and role
	@KAOJIAN_API_EXAMPLES=100 $(BIN)/python -m pytest tests/dashboard/test_described.py --timeout 3600 $(ARGS)

test-drills: $(STAMPS)/dev packages  ## a thousand schedules of faults on the simulated clock (ARGS="--seed 2001 --cameras 8")
	@$(BIN)/python -m kaojian drill --simulated-clock --schedules 1000 --cameras 3 $(ARGS)

test-drills-real: $(STAMPS)/dev packages  ## eight schedules of two minutes in real time, against real processes (ARGS="--seed 11 --schedules 1")
	@$(BIN)/python -m kaojian drill --schedules 8 $(ARGS)

test-kills: $(STAMPS)/dev packages  ## forty kills of each process, and a disposal killed before each call that it makes
	@KAOJIAN_KILLS=40 KAOJIAN_KILL_EVERY=1 $(BIN)/python -m pytest tests/installations/test_endurance.py tests/records/test_disposing.py $(ARGS)

test-slices: $(STAMPS)/dev packages  ## ten minutes of every codec, transport and engine, compared slice by slice
	@KAOJIAN_SLICES_S=600 $(BIN)/python -m pytest tests/ingest/test_every_slice.py $(ARGS)

screenshots: $(STAMPS)/dev packages $(WEB)/dist/index.html  ## every page of the demonstration in both languages on two screens (OUT=folder, ARGS="--keep docs/pictures")
	@$(BIN)/python -m tests.e2e.screenshots $(or $(OUT),var/screenshots) $(ARGS)

check: test  ## all tests; types, style and import rules are among them (tests/house)

bench-record: $(STAMPS)/runtime packages  ## what recording costs beside ffmpeg and a floor in C (ARGS="--cameras 16 --rounds 1")
	@$(BIN)/python -m bench.record $(ARGS)

bench-archive: $(STAMPS)/runtime packages  ## what keeping, checking an export and a film cost beside their peers (ARGS="--minutes 16", PUT="--objects 60")
	@$(BIN)/python -m bench.put $(PUT)
	@$(BIN)/python -m bench.verify $(ARGS)
	@$(BIN)/python -m bench.export $(ARGS)

bench-floorplan: $(STAMPS)/runtime  ## what a hall's floor plan costs beside plain loops and exact polygons
	@$(BIN)/python -m bench.floorplan $(ARGS)

bench-lookup: $(STAMPS)/dev packages  ## finding any instant of a city's three years: an hour and 65 GB (ARGS="--cameras 2": a minute)
	@$(BIN)/python -m bench.lookup $(ARGS)

bench-analysis: $(STAMPS)/dev packages  ## what looking at pictures costs beside decoding their key frames (ARGS="--samples 200", PEOPLE="--seconds 20")
	@$(BIN)/python -m bench.picture $(ARGS)
	@$(BIN)/python -m bench.looks $(LOOKS)
	@$(BIN)/python -m bench.people $(PEOPLE)

bench-report: $(STAMPS)/runtime  ## what the verdict and the PDF of 40 stations and eight hours cost (ARGS="--rounds 3")
	@$(BIN)/python -m bench.report $(ARGS)

bench-roster: $(STAMPS)/runtime  ## what a roster of 50,000 candidates costs beside reading its file (ARGS="--candidates 5000")
	@$(BIN)/python -m bench.roster $(ARGS)

bench-live: $(STAMPS)/dev packages  ## what live viewers cost beside Janus and a bare relay, and how late they see (ARGS="--viewers 1 10 --rounds 1")
	@$(BIN)/python -m bench.live $(ARGS)
	@$(BIN)/python -m bench.latency $(LATENCY)

bench-hall: $(STAMPS)/runtime packages  ## what rendering a hall costs beside a plain warp (ARGS="--pictures 300")
	@$(BIN)/python -m bench.hall $(ARGS)

bench-truth: $(STAMPS)/dev packages  ## how well tampering is told, on footage (KAOJIAN_VISION_DIR; ARGS="--half fit") and in rendered halls (HALLS="--exams 4")
	@$(BIN)/python -m bench.truth $(ARGS)
	@$(BIN)/python -m bench.hall_truth $(HALLS)

audit: $(STAMPS)/audit $(STAMPS)/node  ## what is publicly known against the locked packages; 2 where nobody could be asked
	@PATH=$(CURDIR)/$(STAMPS)/auditing/bin:$$PATH sh tests/audit.sh

fix: $(STAMPS)/dev  ## format and mend style
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: $(STAMPS)/venv  ## pin all dependencies again, with hashes and without addresses
	@$(PIP) install --quiet uv==0.13.9
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra dev -o requirements-dev.lock pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra node -o requirements-node.lock pyproject.toml
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --group audit -o requirements-audit.lock

clean:  ## remove what was made, footage of demos included
	@rm -rf .venv $(STAMPS) $(WEB)/dist $(WEB)/node_modules tests/openid/node_modules tests/whep/node_modules var/demo

packages: tests/packages.sh  # Debian packages that only tests use
	@sh tests/packages.sh

$(STAMPS)/venv:
	@mkdir -p $(STAMPS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Kaojian needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`. Set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

# After Node, which may come by pip too: two of them never write into one environment at once.
$(STAMPS)/runtime: requirements.lock $(STAMPS)/venv | $(STAMPS)/node
	@echo "installing Python packages ..."
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements.lock
	@touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/runtime
	@echo "installing Python packages for tests ..."
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# In an environment of its own: it wants another pip, and what it brings along is no part of what is tested.
$(STAMPS)/audit: requirements-audit.lock $(STAMPS)/venv
	@echo "installing pip-audit ..."
	@$(BIN)/python -m venv --clear $(STAMPS)/auditing
	@$(STAMPS)/auditing/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements-audit.lock
	@touch $@

# Node builds the pages: the machine's own from version 20 on, else the one that PyPI packs.
$(STAMPS)/node: requirements-node.lock $(STAMPS)/venv
	@if node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1; then \
		true; \
	else \
		echo "installing Node ..."; $(PIP) install --quiet --require-hashes --no-deps -r requirements-node.lock; \
	fi
	@touch $@

$(STAMPS)/npm: $(WEB)/package-lock.json $(STAMPS)/node
	@echo "installing page packages ..."
	@npm --prefix $(WEB) ci --silent --no-audit --no-fund
	@touch $@

# The identity provider that tests log in by.
$(STAMPS)/openid: tests/openid/package-lock.json $(STAMPS)/node
	@echo "installing the identity provider for tests ..."
	@npm --prefix tests/openid ci --silent --no-audit --no-fund
	@touch $@

# The viewer by WHEP that tests watch with.
$(STAMPS)/whep: tests/whep/package-lock.json $(STAMPS)/node
	@npm --prefix tests/whep ci --silent --no-audit --no-fund
	@touch $@

$(WEB)/dist/index.html: $(STAMPS)/npm $(WEB_SOURCES)
	@echo "building the pages ..."
	@npm --prefix $(WEB) run --silent build
	@touch $@
