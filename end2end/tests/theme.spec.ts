// The look is in the answer itself, so that no page is first painted in the wrong one.

import { expect, test } from "./support/fixtures";
import { openAccount } from "./support/people";

test("the chosen look is in the document that the server sends", async ({ page, visit }) => {
  await visit("/apps");
  const root = page.locator("html");
  await expect(root).toHaveAttribute("data-theme", "system");
  await openAccount(page);
  const kept = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/theme");
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(root, "at once").toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: "Dark" })).toHaveAttribute("aria-pressed", "true");
  await kept;
  const answer = await page.goto("/operations");
  expect(await answer?.text()).toMatch(/<html[^>]* data-theme="dark"/);
  await expect(root, "after the page came alive").toHaveAttribute("data-theme", "dark");
});

for (const scheme of ["light", "dark"] as const) {
  test(`the system's ${scheme} look is followed`, async ({ page, visit }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await visit("/apps");
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const probe = await page.evaluate((color) => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d");
      if (!canvas) return 0;
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
      return (red + green + blue) / 3;
    }, background);
    if (scheme === "dark") expect(probe).toBeLessThan(80);
    else expect(probe).toBeGreaterThan(200);
  });
}
