// What the form that makes an app does with every kind of wrong text: says the rule at the field, keeps the text.

import type { Page } from "@playwright/test";
import { expect, test } from "./support/fixtures";
import { choose, heading, newApp } from "./support/apps";
import { createdApp, go } from "./support/steps";
import { REFUSED } from "./support/trouble";

const LONG = "x".repeat(61);

const NAMES: [string, string, RegExp][] = [
  ["empty", "", /Give the app a name/],
  ["spaces alone", "   ", /Give the app a name/],
  ["too short", "x", /2 to 60 characters; this one has 1/],
  ["too long", LONG, /2 to 60 characters; this one has 61/],
  ["HTML", "<b>Shop</b>", /take “<” out/],
  ["a picture", "Shop 🙂", /take “🙂” out/],
  ["look-alike letters", "Sh\u043ep", /different alphabets/],
];

const ADDRESSES: [string, string, RegExp][] = [
  ["empty", "", /Give the app an address/],
  ["too short", "ab", /3 to 40 characters; this one has 2/],
  ["too long", "a".repeat(41), /3 to 40 characters; this one has 41/],
  ["capital letters and spaces", "My Shop", /letters a to z, digits and hyphens only/],
  ["HTML", "<script>", /take “<” out/],
  ["a look-alike letter", "sh\u043ep", /letters a to z, digits and hyphens only/],
  ["a digit first", "1shop", /starts with a letter/],
  ["two hyphens", "my--shop", /two in a row/],
  ["a name of the platform", "portal", /kept for the platform/],
  ["an environment's ending", "shop-test", /kept for the addresses of environments/],
];

const ENVIRONMENTS: [string, string, RegExp][] = [
  ["too short", "x", /2 to 30 characters/],
  ["too long", "e".repeat(31), /2 to 30 characters/],
  ["HTML", "<i>Load</i>", /letters a to z, digits and single hyphens/],
  ["a look-alike letter", "L\u043ead", /letters a to z, digits and single hyphens/],
  ["one that is there", "Test", /is there twice/],
];

/** The form, filled in rightly. */
async function goodForm(page: Page) {
  const app = newApp("Good");
  await go(page, "/apps/new");
  await page.getByLabel("Name", { exact: true }).fill(app.name);
  await page.getByLabel("Address", { exact: true }).fill(app.subdomain);
  return app;
}

async function submit(page: Page) {
  await page.getByRole("button", { name: "Create app" }).click();
}

test.beforeEach(({ trouble }) => trouble.allow(REFUSED));

test("a wrong name is refused at its field", async ({ page }) => {
  const field = page.getByLabel("Name", { exact: true });
  const app = await goodForm(page);
  for (const [what, text, says] of NAMES) {
    await test.step(what, async () => {
      await field.fill(text);
      await submit(page);
      await expect(field).toHaveAccessibleDescription(says);
      await expect(field).toHaveAttribute("aria-invalid", "true");
      await expect(field).toHaveValue(text);
      await expect(field).toBeFocused();
      await expect(page.getByLabel("Address", { exact: true })).toHaveValue(app.subdomain);
    });
  }
  await expect(heading(page, "Create an app")).toBeVisible();
});

test("a wrong address is refused at its field", async ({ page }) => {
  const field = page.getByLabel("Address", { exact: true });
  const app = await goodForm(page);
  for (const [what, text, says] of ADDRESSES) {
    await test.step(what, async () => {
      await field.fill(text);
      await submit(page);
      await expect(field).toHaveAccessibleDescription(says);
      await expect(field).toHaveAttribute("aria-invalid", "true");
      await expect(field).toHaveValue(text);
      await expect(page.getByLabel("Name", { exact: true })).toHaveValue(app.name);
    });
  }
  await expect(heading(page, "Create an app")).toBeVisible();
});

test("a wrong environment is refused, and none at all too", async ({ page }) => {
  await goodForm(page);
  const extra = page.getByLabel("One more environment");
  for (const [what, text, says] of ENVIRONMENTS) {
    await test.step(what, async () => {
      await extra.fill(text);
      await submit(page);
      await expect(page.getByText(says).filter({ visible: true }).first()).toBeVisible();
      await expect(extra).toHaveValue(text);
    });
  }
  await extra.fill("");
  for (const name of ["Test", "Acceptance", "Production"]) await page.getByRole("checkbox", { name }).uncheck();
  await submit(page);
  await expect(page.getByText("Choose at least one environment.")).toBeVisible();
  await expect(heading(page, "Create an app")).toBeVisible();
});

for (const [choice, card, says] of [
  ["region", "Europe", /Choose one of the regions/],
  ["plan", "M20", /Choose one of the plans/],
] as const) {
  test(`a ${choice} that does not exist is refused`, async ({ page }) => {
    await goodForm(page);
    const radio = page.getByRole("radio", { name: card, exact: true });
    await choose(page, card);
    await radio.evaluate((input: HTMLInputElement) => (input.value = "atlantis"));
    await submit(page);
    await expect(page.getByText(says)).toBeVisible();
    await expect(heading(page, "Create an app")).toBeVisible();
  });
}

test("the generation that is an exception says why it cannot be chosen", async ({ page, visit }) => {
  await visit("/apps/new");
  const v3 = page.getByRole("radio", { name: "Cloud v3" });
  await expect(v3).toBeDisabled();
  await expect(v3).toHaveAccessibleDescription(/VPN|mail/);
});

test("a taken address is refused while typing and when it is sent", async ({ page }) => {
  const taken = await createdApp(page, "Taken");
  const app = await goodForm(page);
  const field = page.getByLabel("Address", { exact: true });
  await field.fill(taken.subdomain);
  await expect(field).toHaveAccessibleDescription(new RegExp(`“${taken.subdomain}” is taken`));
  await submit(page);
  await expect(field).toHaveAccessibleDescription(new RegExp(`“${taken.subdomain}” is taken`));
  await expect(field).toHaveValue(taken.subdomain);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue(app.name);
  await field.fill(app.subdomain);
  await expect(field).toHaveAccessibleDescription(/^Free\./);
});

test("two people who claim one address at once: one gets it", async ({ page, context }) => {
  const app = newApp("Race");
  const other = await context.newPage();
  for (const each of [page, other]) {
    await go(each, "/apps/new");
    await each.getByLabel("Name", { exact: true }).fill(app.name);
    await each.getByLabel("Address", { exact: true }).fill(app.subdomain);
  }
  await Promise.all([submit(page), submit(other)]);
  const won = (each: Page) => heading(each, `Create ${app.name}`).isVisible();
  const lost = async (each: Page) => (await each.getByText(/is taken/).filter({ visible: true }).count()) > 0;
  await expect
    .poll(async () => [await won(page), await won(other), await lost(page), await lost(other)].filter(Boolean).length, { timeout: 20_000 })
    .toBe(2);
  expect([await won(page), await won(other)].filter(Boolean)).toHaveLength(1);
});
