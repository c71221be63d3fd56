// A page that lives: it comes late, is moved from one thing to the next, and loses sight of the portal.

import { expect, test } from "./support/fixtures";
import { appPath, choose, disclose, environmentPath, fillIn, heading, newApp, said, WORK } from "./support/apps";
import { sample } from "./support/packages";
import { createdApp, go, runningApp } from "./support/steps";

test("what is scaled is the environment on the page", async ({ page }) => {
  const app = await createdApp(page, "Places");
  await go(page, environmentPath(app));
  await page.evaluate(() => Object.assign(window, { loadedOnce: true }));
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Production" }).click();
  await expect(heading(page, "Production")).toBeVisible();
  await expect(heading(page, "Production")).toBeFocused();
  await page.getByRole("spinbutton", { name: "Instances" }).fill("2");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByText(/^2 × 1 GB of/)).toBeVisible();
  await page.goBack();
  await expect(heading(page, "Test")).toBeVisible();
  await expect(page.getByText(/^1 × 1 GB of/)).toBeVisible();
  expect(await page.evaluate(() => "loadedOnce" in window), "the page was not loaded again").toBe(true);
});

test("an answer that comes late is not shown under another thing's name", async ({ page, trouble }) => {
  const app = await createdApp(page, "Late");
  await go(page, environmentPath(app));
  trouble.allow(/409/);
  const refuse = () => page.route("**/scale_environment*", async (route) => {
    await held;
    await route.fulfill({ status: 409, json: { Conflict: "Another change is under way." } });
  });
  let release = () => {};
  let held = Promise.resolve();
  const scale = async () => {
    await page.getByRole("spinbutton", { name: "Instances" }).fill("2");
    await page.getByRole("button", { name: "Apply" }).click();
  };
  const main = page.getByRole("navigation", { name: "Main" });
  await refuse();
  await scale();
  await expect(page.getByText("Another change is under way."), "where it was asked for it is shown").toBeVisible();
  await main.getByRole("link", { name: "Production" }).click();
  await expect(heading(page, "Production")).toBeVisible();
  await expect(page.getByText("Another change is under way.")).toHaveCount(0);

  held = new Promise<void>((resolve) => (release = resolve));
  await scale();
  await main.getByRole("link", { name: "Test" }).click();
  await expect(heading(page, "Test")).toBeVisible();
  const answered = page.waitForResponse(/scale_environment/);
  release();
  await (await answered).finished();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await expect(page.getByText("Another change is under way.")).toHaveCount(0);
});

test("what is typed and picked before the page is alive stays", async ({ page }) => {
  const app = newApp("Early");
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/pkg/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  const listening = page.waitForRequest((request) => new URL(request.url()).pathname === "/events");
  await page.goto("/apps/new", { waitUntil: "domcontentloaded" });
  await page.getByLabel("Name", { exact: true }).fill(app.name);
  await choose(page, "United States");
  await page.getByRole("checkbox", { name: "Acceptance" }).uncheck();
  release();
  await listening;
  await expect(page.getByLabel("Address", { exact: true }), "the page follows what was typed").toHaveValue(app.subdomain);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue(app.name);
  await expect(page.getByRole("radio", { name: "United States" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Acceptance" })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Production" })).toBeChecked();
});

test("a refresh that fails takes nothing away, and what drops down stays in a narrow window", async ({ page, trouble }) => {
  test.setTimeout(240_000);
  const app = await runningApp(page, "Refresh", sample("1.0.0"), "Shop 1.0.0");
  await page.setViewportSize({ width: 390, height: 844 });
  await disclose(page, "Stop");
  const stop = page.getByRole("button", { name: "Stop Test" });
  await expect(stop).toBeInViewport({ ratio: 1 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

  trouble.allow(/503/);
  await page.route("**/api/fn/**", (route) => route.fulfill({ status: 503, body: "" }));
  await expect(page.getByText("What you see may be out of date")).toBeVisible({ timeout: 30_000 });
  await expect(heading(page, "Test")).toBeVisible();
  await expect(stop, "what is open stays open").toBeVisible();
  await page.unroute("**/api/fn/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("What you see may be out of date")).toBeHidden();
  await expect(said(page, "Running 1 / 1")).toBeVisible();
  await page.keyboard.press("Escape");
  expect(environmentPath(app)).toBe(new URL(page.url()).pathname);
});

test("a number that cannot be had stays as it was typed, and nothing is sent", async ({ page }) => {
  const app = await createdApp(page, "Numbers");
  await go(page, environmentPath(app));
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("scale_environment")) sent.push(request.postData() ?? "");
  });
  const instances = page.getByRole("spinbutton", { name: "Instances" });
  const apply = page.getByRole("button", { name: "Apply" });
  for (const typed of ["0", "99", ""]) {
    await instances.fill(typed);
    await instances.press("Enter");
    await apply.click({ force: true });
    await expect(instances).toHaveValue(typed);
    await expect(instances).toHaveAttribute("aria-invalid", "true");
    await expect(apply).toHaveAttribute("aria-description", "Correct the number that is marked first.");
  }
  await instances.fill("2");
  await apply.click();
  await expect(page.getByText(/^2 × 1 GB of/)).toBeVisible();
  expect(sent).toHaveLength(1);
});

test("the frame answers keys while what it shows is read again", async ({ page }) => {
  await createdApp(page, "Frame");
  await go(page, "/apps");
  // Keys come in between any two steps of the page's own work, while the window is hidden and seen again
  // (everything is read anew then) and pages are changed.
  await page.getByLabel("Switch app", { exact: true }).evaluate(async (summary) => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    const links = () => document.querySelectorAll<HTMLElement>("main a[href^='/apps/'], .crumbs a[href='/apps']");
    for (let pressed = 0; pressed < 1_000; pressed += 1) {
      summary.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
      if (pressed % 5 === 0) {
        hidden = !hidden;
        document.dispatchEvent(new Event("visibilitychange"));
      }
      if (pressed % 7 === 0) links()[pressed % links().length]?.click();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  });
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Operations" }).click();
  await expect(heading(page, "Operations")).toBeVisible();
});

test("a page stays in its place while its data is read again", async ({ page }) => {
  const app = newApp("Steady");
  await go(page, "/apps/new");
  await page.getByRole("main").evaluate((main) => {
    const taken: string[] = [];
    Object.assign(window, { taken });
    const seen = new MutationObserver((changes) => {
      for (const node of changes.flatMap((change) => [...change.removedNodes])) {
        const heading = node instanceof Element ? node.querySelector("h1") : null;
        if (heading) taken.push(heading.textContent ?? "");
      }
    });
    seen.observe(main, { childList: true, subtree: true });
  });
  await fillIn(page, app);
  await expect(page.getByText("Everything is done.")).toBeVisible(WORK);
  expect(await page.evaluate(() => (window as unknown as { taken: string[] }).taken)).toEqual(["Create an app"]);
});

test("an open question stays while something else goes on, and the focus is never lost", async ({ page, context, trouble }) => {
  test.setTimeout(240_000);
  trouble.allow(/status of 404/);
  const app = await runningApp(page, "Asked", sample("1.0.0"), "Shop 1.0.0");
  await expect(page.getByText(/is under way/)).toHaveCount(0, WORK);
  await disclose(page, "Stop");
  const stop = page.getByRole("button", { name: "Stop Test" });
  await stop.focus();
  const other = await context.newPage();
  await go(other, environmentPath(app));
  await other.getByRole("button", { name: "Restart", exact: true }).click();
  await expect(stop).toHaveAttribute("aria-description", /^“Restart .*” is under way/);
  await expect(stop).toBeFocused();
  await expect(stop).not.toHaveAttribute("aria-disabled", "true", WORK);
  await expect(stop).toBeFocused();

  await page.getByRole("button", { name: "Close message" }).first().press("Enter");
  await expect(page.getByRole("main")).toBeFocused();

  await stop.press("Enter");
  await expect(page.getByRole("main").getByText("Stop", { exact: true })).toBeFocused();
  await expect(stop).toBeHidden();
  await expect(said(page, "Stopped")).toBeVisible(WORK);

  await go(page, `${appPath(app)}/packages`);
  await go(other, `${appPath(app)}/settings`);
  await other.getByLabel("Name of the app").fill(app.name);
  await other.getByRole("button", { name: `Delete ${app.name}` }).click();
  await expect(other.getByText("Everything is done.")).toBeVisible(WORK);
  await expect(heading(page, "Not found"), "what is deleted is not shown any more").toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" }).getByText("Packages")).toHaveCount(0);
});
