// The people a fresh portal starts with, and how they sign in.

import { readFileSync } from "node:fs";
import { expect, type Page } from "@playwright/test";

export type Role = "customer" | "customer_success" | "admin";

export interface Person {
  role: Role;
  email: string;
  password: string;
}

export function person(role: Role): Person {
  const people: Person[] = JSON.parse(readFileSync(process.env.DEMO_PEOPLE ?? "", "utf8"));
  const found = people.find((each) => each.role === role);
  if (!found) throw new Error(`the demo people have no ${role}`);
  return found;
}

/** Signs in by the real form, and ends at the list of apps. */
export async function signIn(page: Page, role: Role) {
  const { email, password } = person(role);
  await page.goto("/");
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Apps" })).toBeVisible();
}

export async function openAccount(page: Page) {
  await page.getByLabel("Account", { exact: true }).click();
}

export async function signOut(page: Page) {
  await openAccount(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /signed out|Sign in/i })).toBeVisible();
}
