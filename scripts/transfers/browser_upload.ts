/** A large file on its way up from a page that is reloaded, put in the background, starved, frozen and offline. */
import type { CDPSession, Page } from "playwright-core";
import { peakMemory } from "../bench/usage.ts";
import { digestOf, makeBody } from "../bodies.ts";
import { openBrowser } from "../browser.ts";
import { TcpProxy } from "../faults/tcp_proxy.ts";

/** How it went. */
export interface BrowserResult {
  /** Bytes that left the browser, for each byte of the file. */
  readonly ratio: number;
  /** How much memory the tab's process took at most beyond what the empty page had taken, in MiB. */
  readonly grown: number;
  /** The longest that a page did not answer its user, in ms. */
  readonly longestTask: number;
}

/** What the page tells of itself. */
interface PageState {
  readonly sent: number;
  readonly resumed: number;
  readonly backwards: number;
  readonly done: boolean;
  readonly problem: string;
  readonly longestTask: number;
  readonly watched: number;
}

const MIB = 1024 * 1024;
const POLL_MS = 50;
const WAIT_MS = 300_000;
const FROZEN_MS = 5000;
const OFFLINE_MS = 20_000;
/** Of memory, in MiB. */
const MOST_GROWN = 128;
/** As on a phone. */
const SLOWER = 6;

/**
 * Sends a file from a page.
 * @param origin serves the page; the gateway lets it call
 * @throws Error where something is not as it should be
 */
export async function browserUpload(url: string, origin: string, size: number): Promise<BrowserResult> {
  const folder = await Deno.makeTempDir({ prefix: "sixfold page-" });
  const { page, problems, close } = await openBrowser();
  try {
    const path = `${folder}/film`;
    const body = makeBody(size);
    await Deno.writeFile(path, body.stream);
    await using proxy = await TcpProxy.open(url.replace("http://", ""));
    const address = `${origin}/?gateway=${encodeURIComponent(`http://${proxy.address}`)}`;
    const began = performance.now();
    const choose = (on: Page) => on.setInputFiles("input", path);
    const reached = async (share: number) => {
      const state = await until(page, ({ sent }) => sent >= share * size);
      const percent = Math.round((state.sent / size) * 100);
      return { ...state, tell: (what: string) => console.log(`at ${percent} %: ${what}`) };
    };

    await page.goto(address);
    const empty = await tabMemory(page);
    await choose(page);
    const first = await reached(0.4);
    const early = grownTo(await tabMemory(page), empty);
    await page.reload();
    await choose(page);
    const { resumed } = await until(page, ({ resumed }) => resumed >= 0);
    first.tell(`the page is reloaded, the file chosen again: it goes on at ${Math.floor((resumed / size) * 100)} %`);
    mustBe(resumed >= first.sent, `${resumed} bytes were there after the reload, and ${first.sent} before`);

    const other = await page.context().newPage();
    await other.goto(address);
    await other.evaluate(() => Reflect.get(globalThis, "watch")());
    const behind = await reached(0.5);
    await other.bringToFront();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    const starved = await reached(0.55);
    behind.tell(`another tab is in front, and the processor ${SLOWER} times slower; it goes on`);
    await freeze(cdp);
    await until(page, ({ sent }) => sent > starved.sent);
    starved.tell(`frozen for ${FROZEN_MS / 1000} s; it goes on`);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: 1 });

    const online = await reached(0.7);
    await page.context().setOffline(true);
    await new Promise((resolve) => setTimeout(resolve, OFFLINE_MS));
    const offline = await stateOf(page);
    await page.context().setOffline(false);
    mustBe(offline.problem === "" && !offline.done, `without a network, it ended: ${offline.problem}`);
    await until(page, ({ sent }) => sent > offline.sent);
    online.tell(`offline for ${OFFLINE_MS / 1000} s; it goes on`);

    const end = await until(page, ({ done }) => done);
    const seconds = (performance.now() - began) / 1000;
    const watched = await until(other, ({ watched }) => watched > 0);
    const grown = Math.max(early, grownTo(await tabMemory(page), empty));
    const stored = await digestOf(await fetch(`${url}/v1/files/page/film`));
    mustBe(stored.sha256 === body.digest(), "the file came back otherwise");
    const backwards = first.backwards + end.backwards;
    mustBe(backwards === 0, `progress went back ${backwards} times`);
    mustBe(grown < MOST_GROWN, `the tab took ${grown.toFixed(0)} MiB more than empty`);
    const odd = problems.filter((text) => !/net::ERR_/.test(text));
    mustBe(odd.length === 0, `the page complained: ${odd.join("; ")}`);
    const longestTask = Math.max(first.longestTask, end.longestTask);
    const result = { ratio: proxy.up / size, grown, longestTask };
    console.log(
      `chromium: ${size / MIB} MiB in ${seconds.toFixed(0)} s, ${result.ratio.toFixed(4)} bytes sent for each; the ` +
        `tab took ${grown.toFixed(0)} MiB more than empty, and was busy for ${
          longestTask.toFixed(0)
        } ms at most; the ` +
        `other tab saw ${Math.round(watched.watched / MIB)} MiB come`,
    );
    return result;
  } finally {
    await close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function freeze(cdp: CDPSession): Promise<void> {
  await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
  await cdp.send("Page.setWebLifecycleState", { state: "active" });
}

async function stateOf(page: Page): Promise<PageState> {
  return await page.evaluate(() => Reflect.get(globalThis, "state"));
}

/** Waits for a page. @throws Error where it has failed, or nothing comes of it */
async function until(page: Page, isSo: (state: PageState) => boolean): Promise<PageState> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
    const state = await stateOf(page);
    if (state.problem !== "") throw new Error(`the upload failed: ${state.problem}`);
    if (isSo(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`the page does not get on: ${JSON.stringify(await stateOf(page))}`);
}

/** The most memory that each tab's process has had, in MiB, by its id. */
async function tabMemory(page: Page): Promise<Map<number, number>> {
  const cdp = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo } = await cdp?.send("SystemInfo.getProcessInfo") ?? { processInfo: [] };
  const tabs = processInfo.filter(({ type }) => type === "renderer");
  return new Map(await Promise.all(tabs.map(async ({ id }) => [id, await peakMemory(id)] as const)));
}

/** By how much a tab has grown at most; those that came later were as the largest of the empty ones. */
function grownTo(tabs: ReadonlyMap<number, number>, empty: ReadonlyMap<number, number>): number {
  const usual = Math.max(...empty.values());
  return Math.max(...[...tabs].map(([id, memory]) => memory - (empty.get(id) ?? usual)));
}

function mustBe(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
