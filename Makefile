# The two commands of the README are `make demo` and `make test`; both make .venv first where it is missing.
PYTHON ?= python3
BIN := .venv/bin

# Real data for benchmarks and results, where it lies beside the project; tests that need it say so where it is absent.
ifneq ($(wildcard ../shared/data),)
THROUGHTIME_DATA ?= ../shared/data
endif
export THROUGHTIME_DATA

.PHONY: demo test test-all check native-check format bench clean

demo: .venv/installed
	$(BIN)/throughtime seq2seq train --folder runs/demo --overwrite
	@grep -q '"shortfall": ""' runs/demo/report.json  # a model that has not learned is not asked
	$(BIN)/throughtime seq2seq run runs/demo/best.safetensors "How are you?"

test: .venv/installed
	$(BIN)/pytest -m "not slow"

test-all: .venv/installed
	$(BIN)/pytest

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# The tests in tests/native, plainly and under sanitizers. Without OpenMP the scan waits for the standard library's
# threads, all of which ThreadSanitizer sees.
native-check: native-check-plain native-check-address native-check-thread
native-check-address: options := -DTHROUGHTIME_SANITIZE=address,undefined
native-check-thread: options := -DTHROUGHTIME_SANITIZE=thread -DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON
native-check-%: export MAKEFLAGS += --no-print-directory
native-check-%:
	cmake -S . -B build/$@ -DTHROUGHTIME_TESTS=ON $(options)
	+cmake --build build/$@
	ctest --test-dir build/$@ --output-on-failure --timeout 120

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed
	$(BIN)/python benchmarks/recurrent.py
	$(BIN)/python benchmarks/translation.py
	$(BIN)/python benchmarks/output_layers.py
	$(BIN)/python benchmarks/corpus_memory.py

.venv/installed: pyproject.toml CMakeLists.txt $(wildcard src/throughtime/engine/native/*)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable '.[all,dev]'
	touch $@

clean:
	rm -rf .venv build dist runs
