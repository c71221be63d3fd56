// The files of the areas: late or not to be had.

import type { Page } from "@playwright/test";

const FILES = /\/pkg\/(shared|apps|environments|work)\.[^/]*\.wasm$/;

/** What a browser says of files that it cannot have. */
export const LOST = /ERR_FAILED|Failed to fetch|request lost/;

/** Lets the files of areas come late, each by another time. */
export async function slow(page: Page) {
  await page.route(FILES, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 700));
    // The page may have been left meanwhile.
    await route.continue().catch(() => {});
  });
}

/** Lets no file of an area come. */
export async function missing(page: Page) {
  await page.route(FILES, (route) => route.abort("failed"));
}

/** Lets them come again. */
export async function there(page: Page) {
  await page.unroute(FILES);
}
