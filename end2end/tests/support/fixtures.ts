// What every test has: a person, a watch for trouble, and an audit of accessibility.

import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";
import { signIn, type Role } from "./people";
import { reportViolations, Trouble } from "./trouble";

type Session = Awaited<ReturnType<BrowserContext["storageState"]>>;

interface Options {
  /** Who is signed in; nobody when null. */
  as: Role | null;
}

interface Fixtures {
  trouble: Trouble;
  /** Goes to a page and waits until it is alive. */
  visit: (path: string) => Promise<void>;
  /** Fails on anything that axe finds. */
  audit: (what: string) => Promise<void>;
}

interface Shared {
  sessions: Map<Role, Session>;
}

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export const test = base.extend<Options & Fixtures, Shared>({
  as: ["customer", { option: true }],
  sessions: [async ({}, use) => use(new Map()), { scope: "worker" }],

  trouble: [
    async ({ context, baseURL, javaScriptEnabled }, use) => {
      const scripts = javaScriptEnabled !== false;
      const trouble = new Trouble(context, new URL(baseURL ?? "").origin, scripts);
      if (scripts) await context.addInitScript(reportViolations);
      await use(trouble);
      expect(trouble.found(), "no error, warning, refused content or lost request").toEqual([]);
    },
    { auto: true },
  ],

  page: async ({ context, trouble, as, sessions }, use) => {
    void trouble;
    const page = await context.newPage();
    if (as) await enter(context, page, as, sessions);
    await use(page);
  },

  visit: async ({ page, javaScriptEnabled }, use) =>
    use(async (path) => {
      if (javaScriptEnabled === false) await page.goto(path);
      else await alive(page, () => page.goto(path));
    }),

  audit: async ({ page }, use) =>
    use(async (what) => {
      const results = await new AxeBuilder({ page }).withTags(RULES).analyze();
      const found = results.violations.map((violation) => ({
        rule: violation.id,
        help: violation.help,
        at: violation.nodes.map((node) => `${node.target.join(" ")} ${node.html.slice(0, 160)} — ${node.failureSummary}`),
      }));
      expect(found, `axe on ${what}`).toEqual([]);
    }),
});

export { expect };

/** Each worker signs each person in once by the form; further tests take the session over. */
async function enter(context: BrowserContext, page: Page, role: Role, sessions: Map<Role, Session>) {
  const session = sessions.get(role);
  if (session) {
    await context.addCookies(session.cookies);
  } else {
    await signIn(page, role);
    sessions.set(role, await context.storageState());
  }
}

/** Loads a document by `load` and waits until it listens to changes, which is the last thing to start. */
export async function alive(page: Page, load: () => Promise<unknown>) {
  const listening = page.waitForRequest((request) => new URL(request.url()).pathname === "/events");
  await Promise.all([listening, load()]);
}
