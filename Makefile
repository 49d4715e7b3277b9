# milan: build, test, demo. `make help` lists the targets.
SHELL := /bin/bash
PRESET ?= release
BUILD := build/$(PRESET)
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
SHARED ?= ../shared/data
CMAKE_OPTIONS ?=

.DEFAULT_GOAL := build
.PHONY: help build install deps demo test lint headers tidy format sanitize sanitize-fast bench bench-reference \
  determinism fuzz train generalization zoo experiments-build experiment-text experiment-faces experiment-importance clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

deps: ## Install everything by apt and npm (Debian 12 or 13)
	@scripts/install_dependencies.sh --all

build: build/.deps-build ## Build build/release/milan
	@[ -f $(BUILD)/build.ninja ] || cmake --preset $(PRESET) -Wno-dev $(CMAKE_OPTIONS) >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) $(if $(VERBOSE),-v,--quiet)
	@[ ! -f $(BUILD)/milan ] || echo "built $(BUILD)/milan"

install: build ## Install the program, the libraries and their headers below PREFIX (/usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX) >/dev/null
	@echo "installed below $(PREFIX)"

# Stamps: dependencies are checked again only when the script changes.
build/.deps-%: scripts/install_dependencies.sh scripts/fetch_onnxruntime.sh
	@scripts/install_dependencies.sh $(if $(filter-out build,$*),--with-$*)
	@mkdir -p build && touch $@

demo: build ## Describe the bundled network on real photographs; prints the report's path
	@scripts/demo.sh $(BUILD)/milan build/demo

test: build/.deps-tests build ## Run all fast tests: units, properties, parity, command line, pages
	@scripts/run_tests.sh $(BUILD)

sanitize: build/.deps-tests ## Run the tests under address, undefined behaviour and thread sanitizers
	@scripts/run_sanitizers.sh

sanitize-fast: build/.deps-tests ## The part of it that CI runs: readers of files and the thread pool
	@scripts/run_sanitizers.sh --fast

FUZZ_SECONDS ?= 1800
fuzz: build/.deps-fuzz ## Search for files that crash milan, FUZZ_SECONDS (1800) long
	@scripts/fuzz.sh $(FUZZ_SECONDS)

lint: build/.deps-lint ## Formatting and the module table
	@scripts/lint.sh

headers: build ## Compile each installed header alone
	@ninja -C $(BUILD) -j $(JOBS) --quiet all_verify_interface_header_sets

tidy: build/.deps-lint build ## clang-tidy over all sources (about 20 minutes on 2 cores)
	@scripts/tidy.sh

format: build/.deps-lint ## Format the sources
	@git ls-files '*.h' '*.cc' | xargs clang-format-16 -i

bench: build/.deps-build ## Build and run the benchmarks (quiet machine; minutes)
	@$(MAKE) --no-print-directory build CMAKE_OPTIONS=-DMILAN_BENCHMARKS=ON
	@scripts/run_benchmarks.sh $(BUILD) $(SHARED)

bench-reference: build ## Against the original's two passes, one thread each (bench/reference; ten minutes)
	@bench/reference/compare.sh $(BUILD)/milan $(SHARED)

determinism: build ## Prove that workers and shards do not change a byte of the result (minutes)
	@scripts/check_determinism.sh $(BUILD)/milan $(SHARED)

train: build ## Make a bundle as models/base from the development data and models/annotations (an hour on 2 cores)
	@scripts/train_bundle.sh $(BUILD)/milan $(SHARED) build/train

generalization: build ## How well captioners describe units not trained on (needs build/train; hours; TRIALS, SETTINGS, NETWORKS)
	@/usr/bin/python3 scripts/generalization.py $(BUILD)/milan $(SHARED) build/train --trials $(or $(TRIALS),5) \
	  --settings $(or $(SETTINGS),left-out,photos,across,within) $(if $(NETWORKS),--networks $(NETWORKS))

zoo: build ## Export the field's networks with python3-torchvision and hold them against PyTorch (an hour)
	@ninja -C $(BUILD) -j $(JOBS) --quiet milan_compare_network
	@/usr/bin/python3 tests/networks/zoo.py --build $(BUILD) --folder build/zoo --photos $(SHARED)/photos $(NETWORKS)

experiments-build: build/.deps-experiments build
	@cmake $(BUILD) -DMILAN_EXAMPLES=ON -Wno-dev >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet milan_train_classifier

EXPERIMENT = /usr/bin/python3 scripts/experiments/$(1) --build $(BUILD) --data $(SHARED) $(OPTIONS)
experiment-text: experiments-build ## Text as a misleading cue, removed by description (hours; OPTIONS="--seeds 1 --shares 0.5")
	@$(call EXPERIMENT,spurious_text.py)

experiment-faces: experiments-build ## Face units with and without faces in training (an hour or two; OPTIONS)
	@$(call EXPERIMENT,blurred_faces.py)

experiment-importance: experiments-build ## Which categories of units two networks need (an hour; OPTIONS)
	@$(call EXPERIMENT,importance.py)

clean: ## Remove build outputs, keep the downloaded ONNX Runtime
	@rm -rf build/{release,dev,asan,tsan,fuzz,demo,train,zoo}
