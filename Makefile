# make run    serves two demo companies on http://127.0.0.1:8000; PORT=… and CUNEIFOX_DATA=… choose otherwise
# make test   runs all tests
# make check  format, lint, layers, types, tests: what CI runs
# make isolation-long  plays a million operations of the isolation tests' state machine; goes on where it was
# make attacks-long  attacks one company from another, 100,000 times; ATTACKS=… chooses otherwise
# make kills-long  kills processes in mid-work, 10,000 times, and looks what is left; KILLS=… chooses otherwise; goes on
# make job-kills-long  kills workers amid jobs, 1,000 times, and looks if each job has ended once; JOB_KILLS=… chooses otherwise
# make power-loss-long  cuts the power at 100,000 points of recorded runs, and looks what is left; IMAGES=… for more; goes on
# make contention-long  has 128 threads of 4 processes post 80,000 vouchers to 8 companies; POSTINGS=… to each chooses otherwise
# make soak-long  works in 5,000 companies for two hours and looks if memory, descriptors, logs stay flat; goes on
# make backups-long  takes 200 backups while others post, and compares each; BACKUPS=… chooses otherwise; goes on
# make backup-damage-long  damages backups 1,100 times: all have to be refused; goes on where it was
# make edits-long  edits a company's files behind our back, 1,000 times, and has each edit found; EDITS=… chooses otherwise
# make io-errors-long  lets the disk fail at every call there is on every write path; goes on where it was
# make spreadsheet-check  has LibreOffice calculate reports as XLSX, and compares them; wants Debian's libreoffice-calc-nogui
# make bench  measures everything against its peers and writes docs/benchmarks.md

PYTHON ?= python3
WORKERS ?= $(shell nproc)

BIN := .venv/bin

.PHONY: run test check format lint layers types isolation-long bench attacks-long backups-long backup-damage-long \
	contention-long edits-long io-errors-long kills-long power-loss-long soak-long job-kills-long spreadsheet-check pictures routes clean

# The data is made once; starting again keeps it. `exec` hands Ctrl-C straight to the server.
run: .venv/.run
	@$(BIN)/cuneifox demo
	@exec $(BIN)/cuneifox serve

test: .venv/.test
	$(BIN)/python -m pytest -n $(WORKERS)

check: format lint layers types test

format: .venv/.test
	$(BIN)/ruff format --check .

lint: .venv/.test
	$(BIN)/ruff check .

layers: .venv/.test
	$(BIN)/lint-imports

types: .venv/.test
	$(BIN)/mypy

isolation-long: .venv/.test
	$(BIN)/python -m tests.long_isolation --operations 1000000

bench: .venv/.test
	$(BIN)/python -m bench

# So many attacks in all, in pieces that add up: a call goes on where the one before was stopped.
ATTACKS ?= 100000

attacks-long: .venv/.test
	$(BIN)/python -m tests.long_attacks --probes $(ATTACKS)

# So many kills in all, likewise.
KILLS ?= 10000

kills-long: .venv/.test
	$(BIN)/python -m tests.long_kills --kills $(KILLS)

# So many kills of workers, five jobs for each, likewise.
JOB_KILLS ?= 1000

job-kills-long: .venv/.test
	$(BIN)/python -m tests.long_job_kills --kills $(JOB_KILLS)

# So many images of disks after a power cut, likewise.
IMAGES ?= 100000

power-loss-long: .venv/.test
	$(BIN)/python -m tests.long_power_loss --images $(IMAGES)

# So many to each company, in pieces that add up.
POSTINGS ?= 10000

contention-long: .venv/.test
	$(BIN)/python -m tests.long_contention --postings $(POSTINGS)

# Two hours in all; SOAK_SECONDS=… ends this piece sooner, and the next one goes on.
SOAK_SECONDS ?= 7200

soak-long: .venv/.test
	$(BIN)/python -m tests.long_soak --seconds $(SOAK_SECONDS)

BACKUPS ?= 200

backups-long: .venv/.test
	$(BIN)/python -m tests.long_backups --backups $(BACKUPS)

backup-damage-long: .venv/.test
	$(BIN)/python -m tests.long_backup_damage

# So many edits in all, in pieces that add up, as above.
EDITS ?= 1000

edits-long: .venv/.test
	$(BIN)/python -m tests.long_edits --edits $(EDITS)

io-errors-long: .venv/.test
	$(BIN)/python -m tests.long_io_errors

spreadsheet-check: .venv/.test
	$(BIN)/python tests/spreadsheet_check.py

# What the documents show, of the demo companies as they are now.
pictures: .venv/.test
	$(BIN)/python tests/pictures.py

# docs/routes.md, from the application's own addresses.
routes: .venv/.test
	$(BIN)/python tests/routes_page.py

# Installing is done only when what is to be installed has changed.
.venv/.run: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[beancount]'
	@touch $@

.venv/.test: .venv/.run
	$(BIN)/python -m pip install --quiet --editable '.[beancount,test,bench]'
	@touch $@

clean:
	rm -rf .venv .cache build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
