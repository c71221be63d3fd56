// Collects what must not happen in a browser: errors, warnings of the framework, refused content, lost requests.

import type { BrowserContext, ConsoleMessage, Request, Response } from "@playwright/test";

const WARNINGS = /hydrat|panick|leptos|reactive|content security policy|unreachable/i;

/** What a browser says of a refused form: server functions answer a refusal with 500, uploads with 4xx. */
export const REFUSED = /(status of|answer) (4\d\d|500).*(\/api\/fn\/|\/packages\/upload)/;

export class Trouble {
  private readonly seen: string[] = [];
  private readonly allowed: RegExp[] = [];

  /** Watches every page of a context. */
  constructor(
    context: BrowserContext,
    private readonly origin: string,
    private readonly scripts: boolean,
  ) {
    context.on("console", (message) => this.console(message));
    context.on("weberror", (error) => this.seen.push(`page error: ${error.error().stack ?? error.error().message}`));
    context.on("requestfailed", (request) => this.lost(request));
    context.on("response", (response) => this.answered(response));
  }

  /** A test that provokes something says so beforehand. */
  allow(...patterns: RegExp[]) {
    this.allowed.push(...patterns);
  }

  /** What happened and was not allowed. */
  found(): string[] {
    return this.seen.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
  }

  private console(message: ConsoleMessage) {
    const where = message.location().url;
    const text = `console ${message.type()}: ${message.text()} (${where})`;
    if (message.type() === "error" || (message.type() === "warning" && WARNINGS.test(message.text()))) this.seen.push(text);
  }

  /** A request that a new page cuts off is not lost, nor is a script that is not wanted. */
  private lost(request: Request) {
    const reason = request.failure()?.errorText ?? "";
    const meant = reason.includes("ERR_ABORTED") || (!this.scripts && reason === "csp");
    if (this.isOwn(request.url()) && !meant) {
      this.seen.push(`request lost: ${request.method()} ${request.url()} ${reason}`);
    }
  }

  private answered(response: Response) {
    if (this.isOwn(response.url()) && response.status() >= 500) {
      this.seen.push(`answer ${response.status()}: ${response.request().method()} ${response.url()}`);
    }
  }

  private isOwn(url: string): boolean {
    return new URL(url).origin === this.origin;
  }
}

/** Runs in each page: what the policy for content refuses is an error. */
export function reportViolations() {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`content security policy: ${event.violatedDirective} refused ${event.blockedURI || "inline"} ${event.sample}`);
  });
}
