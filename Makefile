# Everything stays inside the checkout: .venv/ (tools), demo-flight/ (what the demo leaves), build/.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help demo test lint fuzz faults power vectors screens wiring packages bench bench-sync bench-ed25519 budget qemu-images pico-image emulated hil clean

help:
	@echo "make demo   fly one flight on real MicroPython and tell the story"
	@echo "make test   every test and lint"
	@echo "make lint   ruff and mypy only"
	@echo "make fuzz   mutate everything that is read for FUZZ_SECONDS (120) or FUZZ_COUNT cases"
	@echo "make power  cut the power at every flash operation of a flight, two deep; CASE=... runs one cut alone"
	@echo "make faults  every fault at every frame of a sync, kills of either side, 10,000 random disconnects (15 minutes)"
	@echo "make vectors  make tests/vectors again from their written seed"
	@echo "make screens  pictures of every screen of the crew's, in build/screens"
	@echo "make packages  lists of files for mip, in firmware/"
	@echo "make wiring   each board's table and drawing of its wires, from its board.toml"
	@echo "make bench  speeds as ratios to a yardstick in the same run"
	@echo "make bench-sync  a sync over a line of 115200 baud, beside mpremote copying the same bytes"
	@echo "make bench-ledger  receipts into the ledger against the raw PyNaCl rate, at 10 thousand and a million rows"
	@echo "make load   hundreds of terminals at once against two gateways, on PostgreSQL and SQLite"
	@echo "make bench-ed25519  cycles of signatures on the emulated Pico, instructions under qemu"
	@echo "make qemu-images  MicroPython for a Cortex-M33 and for RV32 under qemu, for tests of signatures there"
	@echo "make budget  heap and times of the agent on the emulated Pico, over SALES (20) sales (after make pico-image)"
	@echo "make pico-image  firmware for the emulated Pico (IMAGE=FILE: from that file)"
	@echo "make emulated    tests on a real Pico firmware under emulation"
	@echo "make hil    portable and system tests on the emulated Pico (ten minutes); HIL=FILES: these alone;"
	@echo "            BOARD=pico PORT=/dev/ttyACM0: on a real one, which is wiped"
	@echo "make clean  remove .venv, caches and what the demo left"

$(READY): pyproject.toml constraints.txt .ci/setup.sh
	@bash .ci/setup.sh $(PYTHON) $(VENV)
	@touch $@

demo: $(READY)
	@PYTHONPATH=boards/unix $(BIN)/python tests/demo/flight.py

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy

test: lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile

fuzz: $(READY)
	@$(BIN)/python tests/fuzz/run.py

power: $(READY)
	@PYTHONPATH=tests:boards/unix $(BIN)/python -m power.flights $(or $(CASE),1 0 1 2 3 4)

faults: $(READY)
	@$(BIN)/python tests/faults/run.py

vectors: $(READY)
	@$(BIN)/python tests/vectors/make_vectors.py
	@$(BIN)/python tests/vectors/make_qrcode.py
	@$(BIN)/python tests/vectors/make_journal.py

screens: $(READY)
	@PYTHONPATH=boards/unix:tests $(BIN)/python tests/make_screens.py

packages: $(READY)
	@$(BIN)/python boards/packages.py

wiring: $(READY)
	@$(BIN)/python boards/wiring.py

bench: $(READY)
	@PYTHONPATH=boards/unix:tests:tests/system $(BIN)/python tests/bench/run.py

bench-sync: $(READY)
	@PYTHONPATH=boards/unix:tests:tests/system $(BIN)/python tests/bench/sync.py
	@PYTHONPATH=boards:boards/unix:tests:tests/system $(BIN)/python tests/bench/sync_pico.py

bench-ledger: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/bench/ledger.py

load: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/load/run.py

bench-ed25519: $(READY)
	@PYTHONPATH=boards:boards/unix:tests $(BIN)/python tests/bench/ed25519_cycles.py

qemu-images:
	@bash tests/qemu/build.sh build/qemu build/pico/build/dl/micropython_1.25.0+ds.orig.tar.xz

budget: $(READY)
	@PYTHONPATH=boards:boards/unix:tests:tests/system $(BIN)/python tests/bench/pico_budget.py $(SALES)

pico-image: $(READY)
	@PYTHONPATH=boards $(BIN)/python -m pico_emulated.image $(if $(IMAGE),--image $(IMAGE))

emulated: pico-image
	@$(BIN)/python -m pytest -n 2 tests/emulated

# four at once on two cores: half of the time each waits for its board's time to pass; of a real one there is one
hil: $(if $(PORT),$(READY),pico-image)
	@$(BIN)/python -m pytest -n $(if $(PORT),0,4) --dist loadfile $(or $(HIL),-rs tests/portable tests/system) \
		--board $(or $(BOARD),pico_emulated) $(if $(PORT),--port $(PORT))

clean:
	rm -rf $(VENV) build demo-flight .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
