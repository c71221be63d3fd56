// Every form does its work with JavaScript off: creating, uploading, deploying, scaling, stopping, deleting.

import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { appPath, choose, disclose, environmentPath, fillIn, heading, instanceOf, newApp, readyInstances, said, send, WORK, type App } from "./support/apps";
import { sample } from "./support/packages";
import { openAccount } from "./support/people";

test.use({ javaScriptEnabled: false });

/** Without scripts a person reloads to see news. */
async function reloadUntil(page: Page, check: () => Promise<void>) {
  await expect(async () => {
    await page.reload();
    await check();
  }).toPass({ timeout: WORK.timeout, intervals: [500] });
}

test("an app's whole life without JavaScript", async ({ page, trouble }) => {
  test.setTimeout(240_000);
  const app: App = newApp("Plain");

  await test.step("create", async () => {
    await page.goto("/apps/new");
    await fillIn(page, app);
    await reloadUntil(page, () => expect(page.getByText("Everything is done.")).toBeVisible({ timeout: 500 }));
  });

  await test.step("upload; a wrong file is refused with the reason", async () => {
    await page.goto(`${appPath(app)}/packages`);
    await send(page, { name: "letter.mda", mimeType: "application/octet-stream", buffer: Buffer.from("no package") });
    await expect(page.getByText(/is a zip archive/)).toBeVisible();
    await send(page, sample("1.0.0"));
    await expect(heading(page, "Shop 1.0.0")).toBeVisible();
  });

  await test.step("deploy", async () => {
    await page.goto(`${environmentPath(app)}/deploy`);
    await choose(page, "Shop 1.0.0");
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await expect(heading(page, "Test")).toBeVisible();
    await reloadUntil(page, () => expect(readyInstances(page)).toHaveCount(1, { timeout: 500 }));
    await reloadUntil(page, () => expect(page.getByText(/is under way/)).toHaveCount(0, { timeout: 500 }));
    expect((await instanceOf(app)).index).toBe(0);
  });

  await test.step("scale", async () => {
    await page.getByRole("spinbutton", { name: "Instances" }).fill("2");
    await page.getByRole("spinbutton", { name: "Instances" }).press("Enter");
    await expect(heading(page, "Test")).toBeVisible();
    await reloadUntil(page, () => expect(readyInstances(page)).toHaveCount(2, { timeout: 500 }));
  });

  await test.step("stop", async () => {
    await reloadUntil(page, async () => {
      await disclose(page, "Stop");
      await expect(page.getByRole("button", { name: "Stop Test" })).toBeVisible({ timeout: 500 });
    });
    await page.getByRole("button", { name: "Stop Test" }).click();
    await reloadUntil(page, () => expect(said(page, "Stopped")).toBeVisible({ timeout: 500 }));
  });

  await test.step("delete: the name must be typed", async () => {
    trouble.allow(/status of 422/);
    await reloadUntil(page, async () => {
      await page.goto(`${appPath(app)}/settings`);
      await page.getByLabel("Name of the app").fill("another");
      await page.getByRole("button", { name: `Delete ${app.name}` }).click();
      await expect(page.getByText(/Type|does not match|not the name|name of the app/i).first()).toBeVisible({ timeout: 500 });
    });
    await expect(heading(page, app.name)).toBeVisible();
    await page.getByLabel("Name of the app").fill(app.name);
    await page.getByRole("button", { name: `Delete ${app.name}` }).click();
    await expect(heading(page, `Delete ${app.name}`)).toBeVisible();
    await reloadUntil(page, () => expect(page.getByText("Everything is done.")).toBeVisible({ timeout: 500 }));
    await page.goto("/apps");
    await expect(page.getByText(app.name)).toHaveCount(0);
  });
});

test("a refused form comes back with what was typed", async ({ page, trouble }) => {
  trouble.allow(/status of 422/);
  await page.goto("/apps/new");
  await page.getByLabel("Name", { exact: true }).fill("<b>Shop</b>");
  await page.getByLabel("Address", { exact: true }).fill("Not An Address");
  await choose(page, "United States");
  await page.getByRole("checkbox", { name: "Acceptance" }).uncheck();
  await page.getByRole("button", { name: "Create app" }).click();

  const name = page.getByLabel("Name", { exact: true });
  const address = page.getByLabel("Address", { exact: true });
  await expect(name).toHaveValue("<b>Shop</b>");
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription(/take “<” out/);
  await expect(address).toHaveValue("Not An Address");
  await expect(address).toHaveAccessibleDescription(/letters a to z, digits and hyphens only/);
  await expect(page.getByRole("radio", { name: "United States" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Acceptance" })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Test" })).toBeChecked();

  await name.fill("<i>Shop</i>");
  await page.getByRole("button", { name: "Create app" }).click();
  await expect(name).toHaveValue("<i>Shop</i>");
  expect(new URL(page.url()).searchParams.getAll("__err"), "the refusal before is forgotten").toHaveLength(1);
});

test("the look can be chosen without JavaScript", async ({ page }) => {
  await page.goto("/apps");
  await openAccount(page);
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(heading(page, "Apps")).toBeVisible();
  const answer = await page.reload();
  expect(await answer?.text()).toMatch(/<html[^>]* data-theme="dark"/);
});
