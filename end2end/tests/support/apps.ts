// What a person does with apps, in the portal's own words. Works with and without scripts.

import http from "node:http";
import { expect, type Locator, type Page } from "@playwright/test";
import type { Chosen } from "./packages";

/** Provisioning and starting real processes. */
export const WORK = { timeout: 90_000 };

export interface App {
  name: string;
  subdomain: string;
}

/** An app that no other test has. */
export function newApp(word: string): App {
  const name = `${word} ${Math.random().toString(36).slice(2, 8)}x`;
  return { name, subdomain: name.toLowerCase().replace(" ", "-") };
}

export function appPath(app: App): string {
  return `/apps/${app.subdomain}`;
}

export function environmentPath(app: App, environment = "test"): string {
  return `${appPath(app)}/environments/${environment}`;
}

/** The heading that every page has. */
export function heading(page: Page, name: string | RegExp): Locator {
  return page.getByRole("heading", { level: 1, name });
}

/** Fills in the form that is open, sends it, and waits until the app is there. */
export async function fillIn(page: Page, app: App) {
  await page.getByLabel("Name", { exact: true }).fill(app.name);
  await page.getByLabel("Address", { exact: true }).fill(app.subdomain);
  await page.getByRole("button", { name: "Create app" }).click();
  await expect(heading(page, `Create ${app.name}`)).toBeVisible();
}

/** Opens something that hides behind a word, such as the confirmation of a deletion. */
export async function disclose(page: Page, word: string) {
  await page.getByRole("main").getByText(word, { exact: true }).first().click();
}

/** Takes a card or a radio button by its label, as a person does; the label of a card lies over its button. */
export async function choose(page: Page, name: string) {
  const words = JSON.stringify(name);
  await page.locator(`label:text-is(${words}), label :text-is(${words})`).click();
  await expect(page.getByRole("radio", { name, exact: true })).toBeChecked();
}

/** Chooses a file and sends it; what comes of it is the caller's to expect. */
export async function send(page: Page, file: Chosen) {
  await page.getByLabel("Package", { exact: true }).setInputFiles(file);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
}

/** Words that the page itself says, such as a status; the navigation may say them too. */
export function said(page: Page, words: string): Locator {
  return page.getByRole("main").getByText(words, { exact: true }).first();
}

/** The table of instances. */
export function instances(page: Page): Locator {
  return page.getByRole("table", { name: "Instances" });
}

/** One row for each instance that takes requests. */
export function readyInstances(page: Page): Locator {
  return instances(page).getByRole("row").filter({ has: page.getByText("Ready", { exact: true }) });
}

export interface Answer {
  status: number;
  body: string;
}

/** Asks a running app directly, as its users' browsers do. */
export function ask(host: string, path: string, method = "GET"): Promise<Answer> {
  const port = Number(process.env.APPS_PORT_UNDER_TEST);
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, method, agent: false, headers: { host: `${host}:${port}` } };
    const request = http.request(options, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end();
  });
}

export function host(app: App, environment = "test"): string {
  return `${app.subdomain}-${environment}.apps.localhost`;
}

/** The index of the instance that answers, and the version it runs. */
export async function instanceOf(app: App): Promise<{ index: number; version: string }> {
  const answer = await ask(host(app), "/api/instance");
  expect(answer.status, answer.body).toBe(200);
  return JSON.parse(answer.body);
}
