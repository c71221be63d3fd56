// Every page of the portal, with something on it.

import type { Page } from "@playwright/test";
import { expect } from "@playwright/test";
import { appPath, environmentPath, type App } from "./apps";
import { sample } from "./packages";
import { go, runningApp } from "./steps";

/** An app that runs, has a package, and an operation behind it. */
export async function furnished(page: Page, word: string): Promise<App> {
  return runningApp(page, word, sample("1.0.0"), "Shop 1.0.0");
}

/** Names and addresses of all pages of a running app and around it. */
export async function pagesOf(page: Page, app: App): Promise<[string, string][]> {
  await go(page, `${appPath(app)}/packages`);
  const packagePath = await page.getByRole("link", { name: "Shop 1.0.0" }).getAttribute("href");
  await go(page, "/operations");
  const operation = page.getByRole("table", { name: "Operations" }).getByRole("link", { name: `Create ${app.name}` });
  const operationPath = await operation.getAttribute("href");
  expect(packagePath && operationPath, "both are links").toBeTruthy();
  return [
    ["apps", "/apps"],
    ["create", "/apps/new"],
    ["app", appPath(app)],
    ["settings", `${appPath(app)}/settings`],
    ["packages", `${appPath(app)}/packages`],
    ["package", packagePath ?? ""],
    ["environment", environmentPath(app)],
    ["environment-empty", environmentPath(app, "production")],
    ["deploy", `${environmentPath(app)}/deploy`],
    ["debugger", `${environmentPath(app)}/debugger`],
    ["operations", "/operations"],
    ["operation", operationPath ?? ""],
    ["rights", "/rights"],
    ["not-found", "/nowhere"],
  ];
}
