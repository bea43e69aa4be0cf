/** A real browser for tests and tools. */
import { chromium, type Page } from "playwright-core";
import { debianTool } from "./tools.ts";

/** Its name; undefined where there is none and none can be installed. */
export const browser = await debianTool("chromium", ["--version"]);

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page of its own browser, and what it has complained of. */
export interface OpenPage {
  readonly page: Page;
  /** Errors that nobody caught, and those in the console. */
  readonly problems: string[];
  readonly close: () => Promise<void>;
}

/** Opens an empty page. */
export async function openBrowser(): Promise<OpenPage> {
  const running = await chromium.launch({ executablePath: `/usr/bin/${browser}`, args: QUIET });
  const page = await (await running.newContext()).newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  return { page, problems, close: () => running.close() };
}

/**
 * Opens a page of a gateway's own origin, for no other one may speak to it.
 * @param script runs in it, and again after every reload
 */
export async function openPage(address: string, script: string): Promise<OpenPage> {
  const opened = await openBrowser();
  const { page } = opened;
  const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/test.js"></script>';
  await page.route("**/test.html", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.route("**/test.js", (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  await page.goto(`${address}/test.html`);
  return opened;
}
