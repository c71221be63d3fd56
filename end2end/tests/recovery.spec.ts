// A page whose program breaks off goes on as a document: links lead on, forms are sent, and a line says so.

import type { Page } from "@playwright/test";
import { alive, expect, test } from "./support/fixtures";
import { appPath, heading, newApp } from "./support/apps";
import { createdApp } from "./support/steps";

const SAID = "Something in this page broke; links and forms load whole pages now.";

/** Has the page changed by somebody else, as a translator does, before its program takes it over. */
async function broken(page: Page, address: string) {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/pkg/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Node[] = [];
    while (walker.nextNode()) if (walker.currentNode.textContent?.trim()) texts.push(walker.currentNode);
    for (const text of texts) {
      const outer = document.createElement("font");
      text.parentNode?.replaceChild(outer, text);
      outer.append(text);
    }
    Object.assign(window, { loadedOnce: true });
  });
  release();
  await expect(page.getByText(SAID)).toBeVisible();
  await page.unroute("**/pkg/*.wasm");
}

test.beforeEach(({ trouble }) => trouble.allow(/panicked|unreachable|hydrat/i));

test("links of a broken page lead on", async ({ page }) => {
  const app = await createdApp(page, "Links");
  await broken(page, appPath(app));
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Packages" }).click();
  await expect(heading(page, "Packages")).toBeVisible();
  expect(await page.evaluate(() => "loadedOnce" in window), "the page came as a document").toBe(false);
  await expect(page.getByText(SAID)).toHaveCount(0);
  await alive(page, () => page.reload());
});

test("a form of a broken page is sent", async ({ page }) => {
  const app = newApp("Forms");
  await broken(page, "/apps/new");
  await page.getByLabel("Name", { exact: true }).fill(app.name);
  await page.getByLabel("Address", { exact: true }).fill(app.subdomain);
  await page.getByRole("button", { name: "Create app" }).click();
  await expect(heading(page, `Create ${app.name}`)).toBeVisible();
  expect(await page.evaluate(() => "loadedOnce" in window), "the page came as a document").toBe(false);
});
