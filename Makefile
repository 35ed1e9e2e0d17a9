# The few commands of this project. `make` alone lists them.

# Where `make up` keeps everything, on which port it serves, and whether an empty installation gets the demo chain.
DATA ?= .entente
PORT ?= 7420
DEMO ?= 1
export DATA PORT DEMO

.DEFAULT_GOAL := help
.PHONY: help up test bench bench-cluster image check fix cluster-up cluster-down cluster-shell

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Release builds are static: the same file runs on any Linux and in an empty image. That takes a named target, because
# the flag must not reach procedural macros, which are loaded by the compiler. No path of this machine is in them: the
# same source and toolchain make the same file anywhere.
HOST := $(shell rustc -vV | sed -n 's/^host: //p')
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
RELEASE := $(TARGET)/$(HOST)/release
release_flags = -C target-feature=+crt-static \
	--remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo --remap-path-prefix=$(TARGET)=/target
build_release = RUSTFLAGS="$(release_flags)" cargo build --release --target $(HOST)

up: ## Run the platform on this machine, in the foreground (DATA=, PORT=, DEMO=0)
	web-console/build
	$(build_release) -p entente -p entente-node
	@mkdir -p bin && ln -sf $(RELEASE)/entente bin/entente
	@exec bin/entente up

test: ## Run every test; installs what the tests need
	tests/run

bench: ## Measure provisioning, memory and load, beside stock Fabric where it is at hand
	tests/clients/install
	$(build_release) --bins
	$(RELEASE)/entente-bench

bench-cluster: image ## Measure provisioning and the API's replicas on the test cluster, with what a release is
	ENTENTE_TEST_IMAGES=$(IMAGES) RUSTFLAGS="$(release_flags)" cargo test -q --release --target $(HOST) \
		-p entente-tests --test cluster -- --ignored --nocapture --test-threads=1 measured

IMAGES ?= $(TARGET)/images

image: ## Make the container images, as archives with their bills of materials (IMAGES= for the folder, HOST= for another target)
	web-console/build
	$(build_release) --locked -p entente -p entente-node
	node-image/build-image $(RELEASE) $(IMAGES) $(HOST)

cluster-up: ## Bring up a Kubernetes of one node, built from source the first time (STATE= for another one beside it)
	tests/cluster/up

cluster-shell: ## Open a shell in the cluster's network, with kubectl and helm
	tests/cluster/run -- "$${SHELL:-bash}"

cluster-down: ## End the cluster without a trace
	tests/cluster/down

# Always the whole workspace: the features of a dependency differ between `-p` and that, and it would be compiled twice.
check: ## Formatting, lints, licences, and generated files up to date
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test -q --workspace --lib -- schema::tests openapi::tests documentation_prints metadata_is
	cargo test -q --workspace --test dependencies
	web-console/check

fix: ## Write formatting and generated files anew
	cargo fmt --all
	UPDATE=1 cargo test -q --workspace --lib -- schema::tests openapi::tests documentation_prints metadata_is
	web-console/check fix
