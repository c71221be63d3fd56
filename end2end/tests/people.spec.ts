// Who may come in, what each role sees, and what it is told when it may not.

import { expect, test } from "./support/fixtures";
import { heading } from "./support/apps";
import { openAccount, person } from "./support/people";
import { createdApp } from "./support/steps";

test.describe("nobody signed in", () => {
  test.use({ as: null });

  test("a page asks to sign in and leads back to where one wanted to go", async ({ page }) => {
    await page.goto("/operations");
    const { email, password } = person("customer");
    await page.getByLabel("Email address").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(heading(page, "Operations")).toBeVisible();
    await expect(page).toHaveURL(/\/operations$/);
  });

  test("a wrong password and an unknown person are told the same", async ({ page, trouble, audit }) => {
    trouble.allow(/status of 422/);
    const said: string[] = [];
    for (const email of [person("customer").email, "nobody@northwind.example"]) {
      await page.goto("/");
      await page.getByLabel("Email address").fill(email);
      await page.getByLabel("Password").fill("not the password");
      await page.getByRole("button", { name: "Sign in" }).click();
      said.push(await page.getByRole("alert").innerText());
      await expect(page.getByLabel("Email address")).toHaveValue(email);
      await expect(page.getByLabel("Password")).toHaveValue("");
    }
    expect(said[0]).toBe(said[1]);
    await audit("a refused sign-in");
  });

  test("empty fields are named", async ({ page, trouble }) => {
    trouble.allow(/status of 422/);
    await page.goto("/");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByLabel("Email address")).toHaveAccessibleDescription("Enter your email address.");
    await expect(page.getByLabel("Password")).toHaveAccessibleDescription("Enter your password.");
  });

  test("text in the address of a page never becomes markup", async ({ page, trouble }) => {
    trouble.allow(/status of 404/);
    await page.goto("/login?return_to=https%3A%2F%2Fevil.example%2F%3Cscript%3E");
    await expect(page.getByLabel("Password")).toBeVisible();
    expect(new URL(page.url()).hostname).toBe("localhost");
  });
});

test.describe("customer success", () => {
  test.use({ as: "customer_success" });

  test("sees that creating apps is for the customer's company", async ({ page, visit, audit }) => {
    await visit("/apps");
    const create = page.getByRole("link", { name: "Create an app" });
    await expect(create).toHaveAttribute("aria-disabled", "true");
    await expect(create).toHaveAccessibleDescription(/own no apps/);
    await audit("the list of somebody who may not create");
    await visit("/apps/new");
    await expect(page.getByRole("heading", { name: "You cannot create an app" })).toBeVisible();
    await expect(page.getByText(/Someone of the customer's company creates the app/)).toBeVisible();
    await audit("the form of somebody who may not create");
  });

  test("account says who one is", async ({ page, visit }) => {
    await visit("/apps");
    await openAccount(page);
    await expect(page.getByText(person("customer_success").email)).toBeVisible();
    await expect(page.getByText(/Customer Success/)).toBeVisible();
  });
});

test.describe("admin", () => {
  test.use({ as: "admin" });

  test("may create, and never learns of another company's app", async ({ page, visit, trouble }) => {
    await visit("/apps");
    await page.getByRole("link", { name: "Create an app" }).click();
    await expect(page.getByLabel("Name", { exact: true })).toBeVisible();
    trouble.allow(/status of 404/);
    await visit("/apps/somebody-elses");
    await expect(heading(page, "Not found")).toBeVisible();
  });
});

test("an app of one's company is nobody else's", async ({ page, browser, baseURL }) => {
  const app = await createdApp(page, "Mine");
  const elsewhere = await browser.newContext({ baseURL });
  const other = await elsewhere.newPage();
  const { email, password } = person("admin");
  await other.goto(`/apps/${app.subdomain}`);
  await other.getByLabel("Email address").fill(email);
  await other.getByLabel("Password").fill(password);
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(heading(other, "Not found")).toBeVisible();
  await other.goto("/apps");
  await expect(other.getByText(app.name)).toHaveCount(0);
  await elsewhere.close();
});
