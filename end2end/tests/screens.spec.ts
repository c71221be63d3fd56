// Pictures of every page, in both looks and three widths, to be looked at. Not part of the usual run.

import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { LOOKS, show } from "./support/look";
import { furnished, pagesOf } from "./support/pages";
import { signIn } from "./support/people";
import { go } from "./support/steps";
import { REFUSED } from "./support/trouble";
import { said } from "./support/apps";

const FOLDER = path.resolve("test-results/screens");
const SIZES: [number, number][] = [
  [1280, 900],
  [820, 1180],
  [390, 844],
];

async function pictures(page: Page, name: string) {
  mkdirSync(FOLDER, { recursive: true });
  for (const look of LOOKS) {
    for (const [width, height] of SIZES) {
      await show(page, look, { width, height });
      await page.screenshot({ path: path.join(FOLDER, `${name}-${look}-${width}.png`), fullPage: true, animations: "disabled" });
    }
  }
}

test("@screens every page", async ({ page, trouble }) => {
  test.setTimeout(600_000);
  trouble.allow(REFUSED, /status of 404/);
  const app = await furnished(page, "Garden");
  await go(page, `/apps/${app.subdomain}/environments/test`);
  await page.getByRole("spinbutton", { name: "Instances" }).fill("3");
  await page.getByRole("spinbutton", { name: "Instances" }).blur();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(said(page, "Running 3 / 3")).toBeVisible({ timeout: 90_000 });
  for (const [name, address] of await pagesOf(page, app)) {
    await go(page, address);
    await pictures(page, name);
  }
  await page.goto("/ui");
  await pictures(page, "primitives");
  await go(page, "/apps/new");
  await page.getByRole("button", { name: "Create app" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await pictures(page, "create-refused");
  await go(page, "/apps");
  await page.getByLabel("Account", { exact: true }).click();
  await pictures(page, "account");
});

test.describe("others", () => {
  test.use({ as: null });

  test("@screens sign-in and empty pages", async ({ page }) => {
    await page.goto("/");
    await pictures(page, "sign-in");
    await signIn(page, "admin");
    await go(page, "/apps");
    await pictures(page, "apps-empty");
    await go(page, "/operator");
    await expect(page.getByRole("table", { name: "Background tasks" })).toBeVisible();
    await pictures(page, "operator");
  });
});
