# Nothing has to be there but Debian, Go and make: each target installs what it
# needs. "make run" serves, "make test" proves, "make" does what a change needs.

GO      ?= go
BIN     := $(CURDIR)/bin
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# Limits of one package's tests; the whole of "make test" takes under 15 minutes
# on two cores.
TEST_TIMEOUT ?= 25m
FUZZ_TIME    ?= 30s
FIRST        ?= 0
SEEDS        ?= 100000

GOLANGCI    := $(BIN)/golangci-lint-v2.15.0
GOVULNCHECK := $(BIN)/govulncheck-v1.9.0
RCLONE      := $(BIN)/rclone-v1.76.0

# The folders whose tests need other programs, and all others.
CLIENTS  := ./conformance/... ./deploy/...
PACKAGES  = $(shell $(GO) list ./... | grep -vE '/(conformance|deploy)')

.PHONY: all build run test race lint vuln bench bench-dedupe bench-views bench-cold bench-peers fuzz conformance soak cover clients clean

all: build lint test

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN)/aetherfs ./cmd/aetherfs

run: build
	$(BIN)/aetherfs run

# Every test, the clients' too, which are installed first. The last line puts
# bugs into the engine and sees to it that the simulation finds each.
test: clients
	$(GO) vet ./...
	$(GO) test -timeout $(TEST_TIMEOUT) ./...
	$(GO) test -timeout $(TEST_TIMEOUT) -tags sabotage -run Controls ./internal/simulation

clients:
	./conformance/install.sh

race:
	$(GO) test -race -timeout 30m $(PACKAGES)

lint: $(GOLANGCI)
	$(GOLANGCI) run --allow-parallel-runners ./...

# Asks the database of known vulnerabilities, and so needs the network.
vuln: $(GOVULNCHECK)
	$(GOVULNCHECK) ./...

$(GOLANGCI):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(patsubst $(BIN)/golangci-lint-%,%,$@)
	mv $(BIN)/golangci-lint $@

$(GOVULNCHECK):
	GOBIN=$(BIN) $(GO) install golang.org/x/vuln/cmd/govulncheck@$(patsubst $(BIN)/govulncheck-%,%,$@)
	mv $(BIN)/govulncheck $@

# The benchmarks of the packages, and then those of the file views.
bench:
	$(GO) test -run '^$$' -bench . -benchmem $(PACKAGES)
	$(MAKE) bench-views

# Stored bytes beside restic, borg, whole files and fixed blocks.
bench-dedupe:
	$(GO) run ./conformance/dedupebench

# Reading over NFS and WebDAV, beside rclone serving the same file from a folder.
bench-views: clients
	$(GO) test -tags conformance,bench -timeout 30m -run TestSpeedOfViews -v ./conformance

# Reading what a distant store holds, beside a download from it in parallel ranges.
bench-cold: clients
	$(GO) test -tags conformance,bench -timeout 30m -run TestSpeedOfColdReads -v ./conformance

# Speed, CPU time and memory beside versitygw and rclone; takes some 25 minutes.
# For single rows: make bench-peers PEERS="-rounds 3 -rows 'HEAD|PUT 1 KiB'".
# The other flags are in the package's comment, -h tells them too.
bench-peers: build clients $(RCLONE)
	$(GO) run ./conformance/peersbench $(PEERS)

# Rclone as the bench starts it; Debian's is older.
$(RCLONE):
	GOBIN=$(BIN) $(GO) install github.com/rclone/rclone@$(patsubst $(BIN)/rclone-%,%,$@)
	mv $(BIN)/rclone $@

# Each fuzz target in turn, for FUZZ_TIME; again if it fails, because Go's fuzzer
# now and then fails at the end of its time with nothing but "context deadline
# exceeded". What it really found stands in testdata and fails again.
fuzz:
	@for package in $(PACKAGES); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			for try in 1 2; do \
				$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ_TIME) $$package && break; \
				test $$try = 1 || exit 1; \
			done; \
		done; \
	done

# The clients again, with those that are built first and the large uploads.
conformance: clients
	$(GO) test -tags conformance -timeout 80m -v $(CLIENTS)

# What takes hours, in pieces: SEEDS lives of the simulation from FIRST on, and
# ten million files in a tag.
soak: clients
	$(GO) test -timeout 24h -run Simulation ./internal/simulation -args -first $(FIRST) -seeds $(SEEDS)
	$(GO) test -timeout 2h -run Sweep -v ./internal/simulation -args -stride 1
	$(GO) test -timeout 2h -run TestManyFiles -v ./conformance -args -keys 10000000

cover:
	$(GO) test -timeout $(TEST_TIMEOUT) -coverprofile $(BIN)/cover.out -coverpkg ./... $(PACKAGES)
	$(GO) tool cover -func $(BIN)/cover.out | tail -1

clean:
	rm -rf $(BIN)
