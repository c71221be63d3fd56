// The parts of the browser's program that are loaded when a page of them is shown: named early, come late, or not
// at all. ROUNDS and LOADS make it more: scripts/drills.

import { alive, expect, test } from "./support/fixtures";
import { appPath, ask, environmentPath, heading, host, readyInstances, WORK } from "./support/apps";
import { LOST, missing, slow, there } from "./support/areas";
import { furnished, pagesOf } from "./support/pages";
import { createdApp, go } from "./support/steps";

const ROUNDS = Number(process.env.ROUNDS ?? 2);
const LOADS = Number(process.env.LOADS ?? 8);

test("every kind of page comes alive while its files are late, and is a document without them", async ({ page, trouble }) => {
  test.setTimeout(240_000 + ROUNDS * 120_000);
  const app = await furnished(page, "Areas");
  const pages = (await pagesOf(page, app)).filter(([name]) => name !== "not-found");
  trouble.allow(LOST);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [name, address] of pages) {
      await test.step(`${name}, round ${round}`, async () => {
        await slow(page);
        await go(page, address);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await there(page);
        if (name === "apps") return;
        await missing(page);
        await page.goto(address);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(page.getByText("a part of it could not be loaded")).toBeVisible();
        await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Apps", exact: true }).click();
        await expect(heading(page, "Apps")).toBeVisible();
        await there(page);
      });
    }
  }
});

test("a page of an area that cannot be had is asked for as a document", async ({ page, trouble }) => {
  const app = await createdApp(page, "Lost");
  await go(page, "/apps");
  await page.evaluate(() => Object.assign(window, { loadedOnce: true }));
  trouble.allow(LOST);
  await missing(page);
  await page.getByRole("main").getByRole("link", { name: app.name }).first().click();
  await expect(heading(page, app.name)).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`${appPath(app)}$`));
  expect(await page.evaluate(() => "loadedOnce" in window), "the page came as a document").toBe(false);
  await expect(page.getByText(/broke/), "nothing broke").toHaveCount(0);
  await there(page);
  await alive(page, () => page.reload());
});

test("the head of every page names the files of its area, and no other is loaded", async ({ page }) => {
  const app = await createdApp(page, "Named");
  const loaded: string[] = [];
  page.on("request", (request) => {
    const name = /\/pkg\/([a-z]+)\.[^/]*\.(wasm|js)$/.exec(request.url());
    if (name) loaded.push(`${name[1]}.${name[2]}`);
  });
  for (const [address, files] of [
    ["/apps", []],
    ["/apps/new", ["apps", "shared"]],
    [appPath(app), ["apps", "shared"]],
    [`${appPath(app)}/packages`, ["shared", "work"]],
    [environmentPath(app), ["environments", "shared"]],
    [`${environmentPath(app)}/deploy`, ["environments", "shared"]],
    ["/operations", ["shared", "work"]],
  ] as [string, string[]][]) {
    await test.step(address, async () => {
      loaded.length = 0;
      const document = await page.request.get(address, { headers: { accept: "text/html" } });
      const named = [...(await document.text()).matchAll(/rel="preload"[^>]*\/pkg\/([a-z]+)\.[^/"]*\.wasm/g)].map((match) => match[1]);
      expect(named.filter((name) => name !== "portal").sort()).toEqual(files);
      await go(page, address);
      const areas = files.map((name) => `${name}.wasm`);
      expect(loaded.sort()).toEqual(["portal.js", "portal.wasm", ...areas].sort());
    });
  }
});

test("pages that change while they come alive fit what the server has sent", async ({ page }) => {
  test.setTimeout(240_000 + LOADS * 10_000);
  const app = await furnished(page, "Changing");
  await slow(page);
  const addresses = [environmentPath(app), "/operations", "/apps", appPath(app), `${environmentPath(app)}/deploy`, `${environmentPath(app)}/debugger`];
  for (let load = 0; load < LOADS; load += 1) {
    await test.step(`load ${load + 1}`, async () => {
      // What crashes is replaced: the page is told of changes while its program comes.
      const crash = ask(host(app), "/api/crash", "POST").catch(() => "the connection broke off");
      await go(page, addresses[load % addresses.length] ?? "/apps");
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await crash;
    });
  }
  await go(page, environmentPath(app));
  await expect(readyInstances(page)).toHaveCount(1, WORK);
});
