// Shows a page in another look or width.

import type { Page } from "@playwright/test";

export const LOOKS = ["light", "dark"] as const;

/** Changes look and size, and waits until every colour has arrived. */
export async function show(page: Page, look: "light" | "dark", size: { width: number; height: number }) {
  await page.emulateMedia({ colorScheme: look });
  await page.setViewportSize(size);
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(changing.map((animation) => animation.finished));
    await frame();
  });
}
