// Ways to a state that several tests start from, each by the pages themselves.

import { expect, type Page } from "@playwright/test";
import { appPath, choose, environmentPath, fillIn, heading, newApp, readyInstances, send, WORK, type App } from "./apps";
import { alive } from "./fixtures";
import type { Chosen } from "./packages";

/** Goes to a page of a living portal. */
export async function go(page: Page, path: string) {
  await alive(page, () => page.goto(path));
}

/** An app that was made just now. */
export async function createdApp(page: Page, word: string): Promise<App> {
  const app = newApp(word);
  await go(page, "/apps/new");
  await fillIn(page, app);
  await expect(page.getByText("Everything is done.")).toBeVisible(WORK);
  return app;
}

/** A package that was taken, on its page. */
export async function upload(page: Page, app: App, file: Chosen) {
  await go(page, `${appPath(app)}/packages`);
  await send(page, file);
  await expect(page.getByText("Inspected and kept; deployed nowhere yet.")).toBeVisible(WORK);
}

/** Deploys the newest package that is not live, from the deploy page, and ends on the environment's page. */
export async function deploy(page: Page, app: App, label: string) {
  await go(page, `${environmentPath(app)}/deploy`);
  await choose(page, label);
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await expect(heading(page, "Test")).toBeVisible();
}

/** An app that runs the sample in Test, on the environment's page. */
export async function runningApp(page: Page, word: string, file: Chosen, label: string): Promise<App> {
  const app = await createdApp(page, word);
  await upload(page, app, file);
  await deploy(page, app, label);
  await expect(readyInstances(page)).toHaveCount(1, WORK);
  // The deployment is over only when something else may be done.
  await expect(page.getByRole("main").getByText("Stop", { exact: true })).not.toHaveAttribute("aria-disabled", "true", WORK);
  return app;
}
