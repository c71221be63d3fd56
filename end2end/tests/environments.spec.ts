// What an environment's page shows of faults: a crash without a reload, a version that does not start.

import { expect, test } from "./support/fixtures";
import { appPath, ask, host, instanceOf, readyInstances, said, WORK } from "./support/apps";
import { sample } from "./support/packages";
import { createdApp, deploy, go, runningApp, upload } from "./support/steps";

test("a crashed instance is seen and replaced without a reload", async ({ page }) => {
  test.setTimeout(240_000);
  const app = await runningApp(page, "Crash", sample("1.0.0"), "Shop 1.0.0");
  await page.evaluate(() => Object.assign(window, { loadedOnce: true }));
  await ask(host(app), "/api/crash", "POST").catch(() => "the connection broke off");
  await expect(page.getByText(/^Instance 0.*crash/i).first()).toBeVisible({ timeout: 30_000 });
  await expect(readyInstances(page)).toHaveCount(1, WORK);
  await expect(said(page, "Running 1 / 1")).toBeVisible(WORK);
  await expect.poll(async () => (await ask(host(app), "/api/instance")).status, { timeout: 30_000 }).toBe(200);
  expect(await page.evaluate(() => "loadedOnce" in window), "the page was not loaded again").toBe(true);
});

test("a version that does not start leaves the old one serving and says why", async ({ page }) => {
  test.setTimeout(300_000);
  const app = await runningApp(page, "Broken", sample("1.0.0"), "Shop 1.0.0");
  await upload(page, app, sample("2.0.0", "--fail-start"));
  await deploy(page, app, "Shop 2.0.0");
  const failure = page.getByRole("alert").filter({ hasText: "Shop 2.0.0" }).or(page.getByRole("alert").filter({ hasText: "does not start" }));
  await expect(failure.first()).toBeVisible({ timeout: 180_000 });
  expect((await instanceOf(app)).version).toBe("1.0.0");
  await expect(page.getByLabel("Last log lines").or(page.getByText(/last lines|Log and what was taken back/i)).first()).toBeVisible();
  await expect(readyInstances(page)).toHaveCount(1);
  await expect(said(page, "Running 1 / 1")).toBeVisible();
});

test("an operation in the tray survives a reload", async ({ page, trouble }) => {
  const app = await createdApp(page, "Tray");
  await upload(page, app, sample("1.0.0", "--unready"));
  await deploy(page, app, "Shop 1.0.0");
  const tray = page.getByRole("complementary", { name: "Under way" });
  await expect(tray.getByRole("link", { name: app.name })).toBeVisible();
  await go(page, appPath(app));
  const again = tray.getByRole("link", { name: app.name });
  await expect(again).toBeVisible();
  await again.click();
  await expect(page.getByRole("log", { name: "Log" })).toBeVisible();
  trouble.allow(/status of 409/);
  await page.getByRole("main").getByText("Cancel operation", { exact: true }).click();
  await page.getByRole("button", { name: "Cancel and take back" }).click();
  await expect(page.getByText(/what it had made was taken back/)).toBeVisible(WORK);
});
