/** A real browser for tests. */
import { chromium, type Page } from "playwright-core";
import { debianTool } from "../scripts/tools.ts";

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

/**
 * Opens a page of a gateway's own origin, for no other one may speak to it.
 * @param script runs in it, and again after every reload
 */
export async function openPage(
  address: string,
  script: string,
): Promise<{ page: Page; problems: string[]; close: () => Promise<void> }> {
  const running = await chromium.launch({ executablePath: `/usr/bin/${browser}`, args: QUIET });
  const page = await running.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/test.js"></script>';
  await page.route("**/test.html", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.route("**/test.js", (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  await page.goto(`${address}/test.html`);
  return { page, problems, close: () => running.close() };
}
