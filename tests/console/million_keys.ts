/** A bucket of a million keys in the console: scrolled far down and back, and searched. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { fillListed } from "../../scripts/bench/fill.ts";
import { inspect } from "./pages.ts";

const KEYS = 1_000_000;
/** Further down than any browser can draw, row by row. */
const FAR = 400_000;
/** What the page may have of elements, however far down it is. */
const MOST_ELEMENTS = 1000;
/** By how much the heap may have grown there, in bytes: the keys above would take seven times as much. */
const MOST_GROWN = 10 * 1024 * 1024;

/** Whether every row that is drawn is the one that belongs there, whose key is the number of its place. */
const LOOK = `(from = 0) => {
  const rows = [...document.querySelectorAll(".rows .row")];
  const wrong = rows.find((row) => Number(row.querySelector(".name").textContent) !== from + Number(row.dataset.place));
  return { wrong: wrong?.outerHTML, last: Number(rows.at(-1)?.dataset.place ?? 0), elements: document.querySelectorAll("*").length };
}`;

/** Scrolls as far as there are rows, again and again, and looks at each. */
const SCROLL = `(async () => {
  const look = ${LOOK};
  const box = document.querySelector(".rows");
  for (let most = 0;;) {
    box.scrollTop = box.scrollHeight;
    await new Promise(requestAnimationFrame);
    const { wrong, last, elements } = look();
    most = Math.max(most, elements);
    if (wrong !== undefined || last >= ${FAR}) return { wrong, elements: most };
  }
})()`;

/** @param url of PostgreSQL */
export async function millionKeys(page: Page, address: string, url: string): Promise<void> {
  await fillListed(url, KEYS);
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  const look = async (from = 0) => {
    const { wrong, elements } = await page.evaluate(`(${LOOK})(${from})`) as { wrong?: string; elements: number };
    assert.equal(wrong, undefined);
    assert.ok(elements < MOST_ELEMENTS, `${elements} elements`);
  };
  await page.goto(`${address}/#/files/listed/`);
  const row = (place: number) => page.locator(`.row[data-place="${place}"]`);
  await row(0).waitFor();
  await look();
  const before = await heap();

  const far = await page.evaluate(SCROLL) as { wrong?: string; elements: number };
  assert.equal(far.wrong, undefined);
  assert.ok(far.elements < MOST_ELEMENTS, `${far.elements} elements`);
  const grown = await heap() - before;
  assert.ok(grown < MOST_GROWN, `${grown} bytes`);
  await inspect(page, "million-keys");

  await page.evaluate("(box => { box.scrollTop = box.scrollHeight / 2 })(document.querySelector('.rows'))");
  await page.locator(".row").nth(12).waitFor();
  await look();
  await page.locator(".row").nth(12).focus();
  await page.keyboard.press("Home");
  await page.locator(".row:focus[data-place='0']").waitFor();
  await look();

  await page.getByPlaceholder("Begins with…").fill("0007654");
  await page.getByRole("link", { name: "000765400" }).waitFor();
  await look(765_400);
  await page.locator(".row").first().focus();
  await page.keyboard.press("End");
  await page.locator(".row:focus", { hasText: "000765499" }).waitFor();
  await session.detach();
}
