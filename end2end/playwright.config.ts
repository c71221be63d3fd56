// How the browser tests run: the system's Chromium, a few workers, no retries.

import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome"];
const browser = process.env.CHROMIUM ?? BROWSERS.find((file) => existsSync(file));
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results/runs",
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: Number(process.env.BROWSER_WORKERS ?? 2),
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["./counts.ts"]],
  use: {
    baseURL: process.env.PORTAL_UNDER_TEST,
    screenshot: "only-on-failure",
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    contextOptions: { reducedMotion: "reduce" },
    launchOptions: {
      executablePath: browser,
      args: [
        ...(isRoot ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "tests", testIgnore: "screens.spec.ts" },
    { name: "screens", testMatch: "screens.spec.ts" },
  ],
});
