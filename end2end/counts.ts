// Writes how many tests passed and failed to the file that COUNTS_FILE names.

import { writeFileSync } from "node:fs";
import type { FullResult, Reporter, Suite } from "@playwright/test/reporter";

export default class Counts implements Reporter {
  private suite?: Suite;
  private outside = 0;

  onBegin(_config: unknown, suite: Suite) {
    this.suite = suite;
  }

  onError() {
    this.outside += 1;
  }

  onEnd(result: FullResult) {
    const tests = this.suite?.allTests() ?? [];
    const passed = tests.filter((test) => test.outcome() === "expected").length;
    // A test that was meant to run and did not is a failure.
    let failed = tests.length - passed + this.outside;
    if (result.status !== "passed" && failed === 0) failed = 1;
    if (process.env.COUNTS_FILE) writeFileSync(process.env.COUNTS_FILE, JSON.stringify({ passed, failed }));
  }
}
