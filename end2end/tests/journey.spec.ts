// The main job from end to end: a person signs in, creates an app, deploys it, scales it, looks, leaves.

import { expect, test } from "./support/fixtures";
import { ask, choose, heading, host, instanceOf, readyInstances, said, send, WORK } from "./support/apps";
import { sample } from "./support/packages";
import { signIn, signOut } from "./support/people";
import { go } from "./support/steps";

const SHOP = { name: "Shop", subdomain: "shop" };

test.use({ as: null, permissions: ["clipboard-read", "clipboard-write"] });

test("from signing in to three answering instances, and out again", async ({ page, audit, trouble }) => {
  test.setTimeout(240_000);
  await signIn(page, "customer");

  await test.step("create Shop in Europe", async () => {
    await go(page, "/apps/new");
    await page.getByLabel("Name", { exact: true }).fill(SHOP.name);
    await expect(page.getByLabel("Address", { exact: true })).toHaveValue(SHOP.subdomain);
    await choose(page, "Europe");
    await page.getByRole("button", { name: "Create app" }).click();
    await expect(heading(page, "Create Shop")).toBeVisible();
    await audit("an operation under way");
    await expect(page.getByText("Everything is done.")).toBeVisible(WORK);
    await page.getByRole("link", { name: "Open app" }).click();
    await expect(heading(page, "Shop")).toBeVisible();
  });

  await test.step("upload the sample package", async () => {
    await page.getByRole("main").getByRole("link", { name: "Packages", exact: true }).first().click();
    await expect(heading(page, "Packages")).toBeVisible();
    await send(page, sample("1.0.0"));
    await expect(heading(page, "Shop 1.0.0")).toBeVisible(WORK);
    await expect(page.getByText("9.24.2")).toBeVisible();
    await expect(page.getByText("Shop.Greeting")).toBeVisible();
    await expect(page.getByText("Shop.NightlyStocktaking")).toBeVisible();
  });

  await test.step("deploy it to Test", async () => {
    await page.getByRole("link", { name: "Deploy to Test" }).click();
    await expect(heading(page, "Deploy to Test")).toBeVisible();
    await expect(page.getByRole("radio", { name: "Shop 1.0.0" })).toBeChecked();
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await expect(heading(page, "Test")).toBeVisible();
    await expect(said(page, "Running 1 / 1")).toBeVisible(WORK);
    await expect(readyInstances(page)).toHaveCount(1);
  });

  await test.step("open its address", async () => {
    const address = `http://${host(SHOP)}:${process.env.APPS_PORT_UNDER_TEST}`;
    await page.getByRole("link", { name: address }).click();
    await expect(page.getByRole("heading", { name: "Pots for things that grow." })).toBeVisible();
    await expect(page).toHaveURL(`${address}/`);
    await page.goBack();
    await expect(heading(page, "Test")).toBeVisible();
  });

  await test.step("scale to three", async () => {
    await go(page, "/apps/shop/environments/test");
    await page.getByRole("spinbutton", { name: "Instances" }).fill("3");
    await page.getByRole("spinbutton", { name: "Instances" }).blur();
    await expect(page.getByText("Adds 2 instances. Nothing restarts.")).toBeVisible();
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(said(page, "Running 3 / 3")).toBeVisible(WORK);
    await expect(readyInstances(page)).toHaveCount(3);
    const indexes = new Set<number>();
    await expect
      .poll(async () => [...indexes.add((await instanceOf(SHOP)).index)].sort(), { intervals: [50], timeout: 30_000 })
      .toEqual([0, 1, 2]);
    await audit("an environment with three instances");
  });

  await test.step("debugger credentials", async () => {
    await page.getByRole("link", { name: "Debugger" }).click();
    await expect(page.getByText("the debugger is always active")).toBeVisible();
    await expect(page.getByText("••••••••••••")).toBeVisible();
    await page.getByRole("button", { name: /^Reveal/ }).click();
    const password = page.getByRole("code");
    await expect(password).not.toHaveText(/•/);
    const shown = await password.innerText();
    expect(shown.length).toBeGreaterThanOrEqual(16);
    await page.getByRole("button", { name: "Copy password" }).click();
    await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shown);
    await page.getByRole("button", { name: /^Hide/ }).click();
    await expect(password).toHaveText(/•/);
    await expect(page.getByRole("table", { name: "Debugger of each instance" }).getByText("Active", { exact: true })).toHaveCount(3);
    await choose(page, "Instance 2");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("The address leads to instance 2 now.")).toBeVisible();
    await go(page, "/apps/shop/environments/test/debugger");
    await expect(page.getByRole("radio", { name: "Instance 2" })).toBeChecked();
    expect(page.url()).not.toContain(shown);
    await audit("the debugger page");
  });

  await test.step("sign out: the session is dead", async () => {
    // What ends just now would still be asked after.
    await expect(page.getByRole("link", { name: /^Operations: / })).toHaveCount(0, WORK);
    const kept = await page.context().cookies();
    // What the page that is left still asks for is refused.
    trouble.allow(/status of 401/);
    await signOut(page);
    await page.goBack();
    await expect(page.getByLabel("Password"), "going back asks to sign in").toBeVisible();
    await page.context().addCookies(kept.filter((cookie) => cookie.name === "__Host-portal"));
    await page.goto("/apps/shop");
    await expect(page.getByLabel("Password"), "the old cookie opens nothing").toBeVisible();
    expect((await ask(host(SHOP), "/api/instance")).status, "the app serves on").toBe(200);
  });
});
