# `make help` says what there is.

export PATH := $(PATH):/usr/local/go/bin
# What the scripts in .ci read.
export PKG RUN ARGS FUZZTIME

SECRETS ?= secrets

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

.PHONY: build
build: ## bin/usher, one static file
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/usher ./cmd/usher

.PHONY: test
test: ## every test, on SQLite and on a PostgreSQL of its own; PKG=./scim/... RUN=TestPatch ARGS=-v for some, with the race detector
	@.ci/test

.PHONY: race
race: ## every test with the race detector, also those with one goroutine: long
	@PKG=./... .ci/test

.PHONY: lint
lint: ## gofmt, golangci-lint with go vet in it (the first time it builds the pinned version: minutes)
	@.ci/lint

# The few pictures of all that the end-to-end tests take that are kept.
PICTURES = sign-in-light sign-in-dark sign-in-phone account-light refused-dark

.PHONY: screenshots
screenshots: ## docs/screenshots: pictures of the pages, taken on the way through them
	@folder=$$(mktemp -d) && chmod 0777 $$folder && \
	USHER_TEST_SCREENSHOTS=$$folder .ci/with-postgres go test ./internal/e2e -count=1 && \
	mkdir -p docs/screenshots && for name in $(PICTURES); do cp $$folder/$$name.png docs/screenshots/ || exit 1; done && rm -rf $$folder

.PHONY: rules
rules: ## docs/rules.md: every rule and the tests that prove it
	@go run ./internal/rules

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (1m) each; PKG=./scim RUN=FuzzFilter for some
	@.ci/fuzz

.PHONY: bench
bench: ## the load generator beside its limits, on a PostgreSQL of its own; ARGS=… for its flags
# That of the tests keeps nothing: bench starts another, which does.
	@.ci/with-postgres env -u USHER_TEST_POSTGRES go run ./bench $(ARGS)

.PHONY: secrets
secrets: $(SECRETS)/usher_secret_key $(SECRETS)/postgres_password $(SECRETS)/pgpass ## what docker-compose.yml mounts, made at random, once

# The directory keeps others out; the files themselves must be readable inside the containers, by users without a name here.
$(SECRETS)/usher_secret_key $(SECRETS)/postgres_password:
	@install -d -m 0700 $(SECRETS)
	@head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >$@
	@chmod 0444 $@

$(SECRETS)/pgpass: $(SECRETS)/postgres_password
	@printf 'postgres:5432:usher:usher:%s\n' "$$(cat $<)" >$@
	@chmod 0444 $@
