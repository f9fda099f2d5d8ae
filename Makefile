# Two commands matter: `make run` starts Barograph, `make test` checks all of it.

CARGO ?= cargo
DATA  ?= ./barograph-data
CASES ?= ../shared/conformance

.PHONY: help run build page test miri bench bench-peers conformance fmt clean

help: ## Say what there is to make.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: build ## Build everything and start the server with its defaults.
	./target/release/barograph serve --data-dir $(DATA) $(ARGS)

build: page ## Build the page and the release binary.
	tests/need cargo cc
	$(CARGO) build --release --locked -p barograph

page: ui/dist/index.html ## Build the page.

ui/dist/index.html: ui/node_modules/.package-lock.json ui/index.html ui/package.json $(shell find ui/src -type f 2>/dev/null)
	cd ui && npm run --silent build

ui/node_modules/.package-lock.json: ui/package-lock.json
	tests/need node
	cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

test: ## Install what the tests need, then run every one of them.
	tests/run

miri: ## Run what the compiler does not check under Miri, which needs a nightly toolchain.
	tests/miri $(ARGS)

bench: build ## Measure ingest, memory, space, queries and growth, or ARGS="ingest" alone.
	$(CARGO) run --release --locked -p barograph-bench -- --minutes 9 $(ARGS)

bench-peers: build ## Measure Debian's VictoriaMetrics, InfluxDB and Prometheus beside it.
	bench/peers
	$(CARGO) run --release --locked -p barograph-bench -- --minutes 23 \
		--peers victoria-metrics,influxdb,prometheus $(ARGS)

conformance: build ## Run the peers' own cases, where they are: CASES=folder.
	tests/conformance $(CASES)

fmt: ## Format the Rust code.
	$(CARGO) fmt --all

clean: ## Remove what was built.
	$(CARGO) clean
	rm -rf ui/dist ui/node_modules tests/browser/node_modules
