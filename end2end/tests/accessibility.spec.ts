// Every page in both looks and in a narrow and a wide window: nothing for axe to find, nothing cut off.

import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { LOOKS, show } from "./support/look";
import { furnished, pagesOf } from "./support/pages";
import { go } from "./support/steps";
import { REFUSED } from "./support/trouble";

const WIDTHS = [1280, 320];

async function everyLook(page: Page, what: string, audit: (what: string) => Promise<void>) {
  for (const look of LOOKS) {
    for (const width of WIDTHS) {
      await show(page, look, { width, height: 900 });
      const name = `${what}, ${look}, ${width} px`;
      await test.step(name, async () => {
        await audit(name);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect.soft(wider, `${name}: nothing is cut off at the side`).toBeLessThanOrEqual(0);
      });
    }
  }
}

test("pages of a running app", async ({ page, audit, trouble }) => {
  test.setTimeout(400_000);
  const app = await furnished(page, "Audit");
  for (const [name, path] of await pagesOf(page, app)) {
    if (name === "not-found") trouble.allow(/status of 404/);
    await go(page, path);
    await everyLook(page, name, audit);
  }
});

test("the primitives", async ({ page, audit, trouble }) => {
  // A server for release has no such page, and a browser's part for release leaves it as it was sent.
  trouble.allow(/status of 404/);
  await page.goto("/ui");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await everyLook(page, "primitives", audit);
});

test.describe("nothing there yet", () => {
  test.use({ as: "customer_success" });

  test("empty lists", async ({ page, audit }) => {
    for (const path of ["/apps", "/operations"]) {
      await go(page, path);
      await everyLook(page, `${path}, empty`, audit);
    }
  });
});

test.describe("the installation", () => {
  test.use({ as: "admin" });

  test("the operator's page", async ({ page, audit }) => {
    await go(page, "/operator");
    await everyLook(page, "/operator", audit);
  });
});

test.describe("outside the portal", () => {
  test.use({ as: null });

  test("the sign-in page", async ({ page, audit }) => {
    await page.goto("/");
    await expect(page.getByLabel("Password")).toBeVisible();
    await everyLook(page, "sign-in", audit);
  });
});

test("a refused form and open menus", async ({ page, audit, trouble }) => {
  trouble.allow(REFUSED);
  await go(page, "/apps/new");
  await page.getByRole("button", { name: "Create app" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await everyLook(page, "refused form", audit);
  await page.getByLabel("Account", { exact: true }).click();
  await everyLook(page, "account menu", audit);
});
