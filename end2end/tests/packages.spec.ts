// Packages: what is not one is refused by name and leaves nothing behind; what is one can be fetched, deployed and
// taken away. An upload ends when its person wants it to.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Page, Request } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { appPath, disclose, environmentPath, heading, send, WORK } from "./support/apps";
import { refused, sample } from "./support/packages";
import { createdApp, deploy, go, upload } from "./support/steps";
import { REFUSED } from "./support/trouble";

const UPLOADS = "**/packages/upload";

/** Lets no byte of an upload through, like a connection that stands still; gives the request when it is broken off. */
async function heldUpload(page: Page): Promise<{ brokenOff: Promise<Request> }> {
  await page.route(UPLOADS, () => {});
  return { brokenOff: page.waitForEvent("requestfailed", (request) => request.url().endsWith("/packages/upload")) };
}

test("files that are no packages are refused with the reason", async ({ page, trouble }) => {
  trouble.allow(REFUSED);
  const app = await createdApp(page, "Refuse");
  await go(page, `${appPath(app)}/packages`);
  await expect(page.getByRole("heading", { name: "No packages yet" })).toBeVisible();
  for (const { what, file, says } of refused()) {
    await test.step(what, async () => {
      await send(page, file);
      await expect(page.getByLabel("Package", { exact: true })).toHaveAccessibleDescription(says);
    });
  }
  await go(page, `${appPath(app)}/packages`);
  await expect(page.getByRole("heading", { name: "No packages yet" }), "nothing was kept").toBeVisible();

  await test.step("no file chosen", async () => {
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await expect(page.getByLabel("Package", { exact: true })).toHaveAccessibleDescription(/Choose the package's file first/);
  });
});

test("a version is kept once, can be downloaded unchanged, and deleted", async ({ page, trouble }) => {
  const app = await createdApp(page, "Keep");
  const file = sample("1.2.3");
  await upload(page, app, file);

  await test.step("download", async () => {
    const started = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    const fetched = readFileSync(await (await started).path());
    expect(fetched.equals(file.buffer)).toBe(true);
    const digest = createHash("sha256").update(file.buffer).digest("hex");
    await expect(page.getByText(digest)).toBeVisible();
  });

  await test.step("the same version again", async () => {
    trouble.allow(REFUSED);
    await go(page, `${appPath(app)}/packages`);
    await send(page, file);
    await expect(page.getByLabel("Package", { exact: true })).toHaveAccessibleDescription(/Version 1\.2\.3 is in this app's repository already/);
    await go(page, `${appPath(app)}/packages`);
    await expect(page.getByRole("table", { name: "Packages" }).getByRole("link", { name: "Shop 1.2.3" })).toHaveCount(1);
  });

  await test.step("delete", async () => {
    await page.getByRole("link", { name: "Shop 1.2.3" }).click();
    await expect(heading(page, "Shop 1.2.3")).toBeVisible();
    await disclose(page, "Delete");
    await page.getByRole("button", { name: "Delete Shop 1.2.3" }).click();
    await expect(heading(page, "Packages")).toBeVisible();
    await expect(page.getByRole("heading", { name: "No packages yet" })).toBeVisible();
  });
});

test("an upload that stands still can be cancelled, and the file sent again", async ({ page }) => {
  const app = await createdApp(page, "Cancel");
  await go(page, `${appPath(app)}/packages`);
  const { brokenOff } = await heldUpload(page);
  await send(page, sample("1.0.0"));
  const cancel = page.getByRole("button", { name: "Cancel upload" });
  await cancel.click();
  await brokenOff;
  await expect(cancel).toBeHidden();
  await expect(page.getByLabel("Package", { exact: true })).toBeFocused();
  await page.unroute(UPLOADS);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(heading(page, "Shop 1.0.0")).toBeVisible(WORK);
});

test("an upload ends with the page that shows it, which says so before", async ({ page }) => {
  const app = await createdApp(page, "Leave");
  await go(page, `${appPath(app)}/packages`);
  const { brokenOff } = await heldUpload(page);
  await send(page, sample("1.0.0"));
  await expect(page.getByText("leaving it ends the upload")).toBeVisible();

  await test.step("the window asks before it closes", async () => {
    const asked = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    const question = await asked;
    expect(question.type()).toBe("beforeunload");
    await question.dismiss();
  });

  await test.step("a link within the portal ends it", async () => {
    await page.getByRole("main").getByRole("link", { name: "Settings", exact: true }).click();
    await brokenOff;
    await expect(page.getByRole("heading", { name: "Delete this app" })).toBeVisible();
    await page.getByRole("main").getByRole("link", { name: "Packages", exact: true }).click();
    await expect(page.getByRole("heading", { name: "No packages yet" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Cancel upload" })).toBeHidden();
  });

  await test.step("nothing asks any more", async () => {
    await go(page, appPath(app));
  });
});

test("an old package is deployed by its link, and its list hears of it", async ({ page, context, trouble }) => {
  test.setTimeout(240_000);
  const app = await createdApp(page, "Older");
  await upload(page, app, sample("1.0.0"));
  const old = page.url();
  await upload(page, app, sample("2.0.0"));
  const list = await context.newPage();
  await go(list, `${appPath(app)}/packages`);
  const row = list.getByRole("row").filter({ has: list.getByRole("link", { name: "Shop 1.0.0" }) });
  await expect(row).not.toContainText("Test");
  const cards = page.getByRole("group", { name: "Package" });

  await test.step("the form has it, though it is not among the newest", async () => {
    await go(page, old);
    await page.route("**/list_packages", async (route) => {
      const response = await route.fetch();
      const { items, ...rest } = await response.json();
      const newest = items.filter(({ version }: { version: string }) => version !== "1.0.0");
      await route.fulfill({ response, json: { ...rest, items: newest, next: "older" } });
    });
    await page.getByRole("link", { name: "Deploy to Test" }).click();
    await expect(heading(page, "Deploy to Test")).toBeVisible();
    await expect(cards.getByRole("radio", { name: "Shop 1.0.0" })).toBeChecked();
    await expect(cards.getByRole("radio", { name: "Shop 2.0.0" })).not.toBeChecked();
    await expect(page.getByRole("link", { name: "Older packages" })).toBeVisible();
    await page.unroute("**/list_packages");
  });

  await test.step("it is deployed, and the list says so without a reload", async () => {
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await expect(heading(page, "Test")).toBeVisible();
    await expect(row).toContainText("Test", WORK);
  });

  await test.step("none is chosen in place of one that is gone", async () => {
    await go(page, `${environmentPath(app, "production")}/deploy?package=00000000-0000-7000-8000-000000000000`);
    await expect(page.getByText("The package that was asked for is gone")).toBeVisible();
    await expect(cards.getByRole("radio")).toHaveCount(2);
    await expect(cards.getByRole("radio", { checked: true })).toHaveCount(0);
    trouble.allow(REFUSED);
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await expect(page.getByText("Choose one of this app's packages.")).toBeVisible();
  });
});

test("Deploy can be pressed again as soon as what held it up has ended", async ({ page, context, trouble }) => {
  test.setTimeout(240_000);
  const app = await createdApp(page, "Wait");
  await upload(page, app, sample("1.0.0", "--unready"));
  await deploy(page, app, "Shop 1.0.0");
  await go(page, `${environmentPath(app)}/deploy`);
  const button = page.getByRole("button", { name: "Deploy", exact: true });
  await expect(button).toBeDisabled();
  await expect(button).toHaveAttribute("aria-description", /“Deploy Shop 1\.0\.0 .*” is under way/);

  const other = await context.newPage();
  await go(other, environmentPath(app));
  await other.getByRole("complementary", { name: "Under way" }).getByRole("link", { name: app.name }).click();
  trouble.allow(/status of 409/);
  await disclose(other, "Cancel operation");
  await other.getByRole("button", { name: "Cancel and take back" }).click();
  await expect(other.getByText(/what it had made was taken back/)).toBeVisible(WORK);

  await expect(button).toBeEnabled();
  await expect(page.getByText("Nothing is deployed to Test yet.")).toBeVisible();
});
