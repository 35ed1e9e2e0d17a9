# The few commands of this project. `make` alone lists them.

# Where `make up` keeps everything, on which port it serves, and whether an empty installation gets the demo chain.
DATA ?= .entente
PORT ?= 7420
DEMO ?= 1
export DATA PORT DEMO

.DEFAULT_GOAL := help
.PHONY: help up test bench check fix cluster-up cluster-down cluster-shell

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

TARGET := $(or $(CARGO_TARGET_DIR),target)

up: ## Run the platform on this machine, in the foreground (DATA=, PORT=, DEMO=0)
	cargo build --release -p entente -p entente-node -p entente-contracts
	@exec $(TARGET)/release/entente up

test: ## Run every test; installs what the tests need
	tests/run

bench: ## Measure provisioning, memory and load, beside stock Fabric where it is at hand
	cargo build --release --bins
	$(TARGET)/release/entente-bench

cluster-up: ## Bring up a Kubernetes of one node, built from source the first time (STATE= for another one beside it)
	tests/cluster/up

cluster-shell: ## Open a shell in the cluster's network, with kubectl and helm
	tests/cluster/run -- "$${SHELL:-bash}"

cluster-down: ## End the cluster without a trace
	tests/cluster/down

check: ## Formatting, lints, licences, and generated files up to date
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test -q -p entente-api --lib schema
	cargo test -q -p entente --lib openapi
	cargo test -q -p entente-tests --test dependencies

fix: ## Write formatting and generated files anew
	cargo fmt --all
	UPDATE=1 cargo test -q -p entente-api --lib schema
	UPDATE=1 cargo test -q -p entente --lib openapi
