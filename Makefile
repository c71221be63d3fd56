# Each recipe is one line; what it does is in scripts/.
.PHONY: help run test check advisories e2e drills bench prepare fmt sample setup

help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Installs what is missing, builds, and starts the whole portal
	@scripts/run

test: ## Runs every test; the last line counts them
	@scripts/test

check: ## Format, lints, licences, unused dependencies, queries
	@scripts/check

advisories: ## Known flaws of dependencies; needs github.com
	@scripts/advisories

e2e: ## Runs the browser tests against a release build
	@scripts/e2e

drills: ## Repeats what only goes wrong now and then, for a long time
	@scripts/drills

bench: ## Measures speed and sizes beside a reference
	@scripts/bench

prepare: ## Writes .sqlx/ anew after a query or a migration changed
	@scripts/prepare

fmt: ## Formats the code
	@scripts/fmt

sample: ## Makes sample.mda from sample/
	@scripts/make-sample

setup: ## Installs what run, test and check need
	@scripts/setup all
