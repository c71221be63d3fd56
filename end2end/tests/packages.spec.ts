// Packages: what is not one is refused by name and leaves nothing behind; what is one can be fetched and taken away.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "./support/fixtures";
import { appPath, disclose, heading, send } from "./support/apps";
import { refused, sample } from "./support/packages";
import { createdApp, go, upload } from "./support/steps";
import { REFUSED } from "./support/trouble";

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
