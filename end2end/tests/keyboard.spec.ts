// Signing in and making an app with the keyboard alone; what has the focus can be seen.

import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { heading, newApp, WORK } from "./support/apps";
import { person } from "./support/people";

test.use({ as: null });

const TABS_AT_MOST = 60;

/** Goes from control to control until `target` has the focus. */
async function tabTo(page: Page, target: Locator) {
  for (let pressed = 0; pressed < TABS_AT_MOST; pressed += 1) {
    const reached = await target.evaluate((element) => element === document.activeElement).catch(() => false);
    if (reached) return expectVisibleFocus(page);
    await page.keyboard.press("Tab");
  }
  await expect(target, `reached within ${TABS_AT_MOST} presses of Tab`).toBeFocused();
}

async function expectVisibleFocus(page: Page) {
  const seen = await page.evaluate(() => {
    const focused = document.activeElement;
    if (!focused) return false;
    const visible = (element: Element | null) => {
      if (!element) return false;
      const style = getComputedStyle(element);
      const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return outlined || style.boxShadow !== "none";
    };
    return visible(focused) || visible(focused.parentElement) || visible(focused.closest(".card"));
  });
  const what = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  expect(seen, `the focus can be seen on ${what}`).toBe(true);
}

test("sign in and create an app", async ({ page }) => {
  const app = newApp("Keys");
  const { email, password } = person("customer");
  await page.goto("/apps/new");
  await expect(page.getByLabel("Email address"), "the first field has the focus").toBeFocused();
  await page.keyboard.type(email);
  await tabTo(page, page.getByLabel("Password"));
  await page.keyboard.type(password);
  const listening = page.waitForRequest((request) => new URL(request.url()).pathname === "/events");
  await page.keyboard.press("Enter");
  await expect(heading(page, "Create an app")).toBeVisible();
  await listening;

  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();

  await tabTo(page, page.getByLabel("Name", { exact: true }));
  await page.keyboard.type(app.name);
  await expect(page.getByLabel("Address", { exact: true })).toHaveValue(app.subdomain);
  await tabTo(page, page.getByRole("radio", { name: "Europe" }));
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("radio", { name: "United States" })).toBeChecked();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("radio", { name: "Europe" })).toBeChecked();
  await tabTo(page, page.getByRole("checkbox", { name: "Acceptance" }));
  await page.keyboard.press("Space");
  await expect(page.getByRole("checkbox", { name: "Acceptance" })).not.toBeChecked();
  await tabTo(page, page.getByRole("button", { name: "Create app" }));
  await page.keyboard.press("Enter");
  await expect(heading(page, `Create ${app.name}`)).toBeFocused();
  await expect(page.getByText("Everything is done.")).toBeVisible(WORK);
  await tabTo(page, page.getByRole("link", { name: "Open app" }));
  await page.keyboard.press("Enter");
  await expect(heading(page, app.name)).toBeFocused();

  const account = page.getByLabel("Account", { exact: true });
  await tabTo(page, account);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Sign out" })).toBeHidden();
  await expect(account).toBeFocused();
});
