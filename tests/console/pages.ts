/** The console's pages in a browser: looked at, and given files. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { ROOT } from "../../scripts/programs.ts";

/** Where pictures of the pages are left. */
export const SHOTS = `${ROOT}.screenshots`;

/** The script that looks for what keeps people out. */
export const axe = await Deno.readTextFile(`${ROOT}node_modules/axe-core/axe.min.js`);

/** Nothing is wider than the window. */
async function checkWidth(page: Page, name: string, width: number): Promise<void> {
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.equal(overflow, 0, `${name} is not wider than ${width}`);
}

/** Takes pictures of what is shown, wide and narrow, light and dark, and has each looked at for what keeps people out. */
export async function inspect(page: Page, name: string): Promise<void> {
  for (const [width, height, scheme] of [[1440, 900, "light"], [1440, 900, "dark"], [360, 740, "light"]] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    // What changes with the colours is looked at again; the rest is the same.
    const rules = scheme === "light" ? {} : { runOnly: ["color-contrast"] };
    const found = await page.evaluate(async (rules) => {
      const { violations } = await Reflect.get(globalThis, "axe").run(rules);
      return violations.map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes[0]?.html}`);
    }, rules);
    assert.deepEqual(found, [], `${name}, ${width} wide, ${scheme}`);
    await checkWidth(page, name, width);
    await page.screenshot({ path: `${SHOTS}/${name}-${width}-${scheme}.png` });
  }
  await page.setViewportSize({ width: 3840, height: 2160 });
  await checkWidth(page, name, 3840);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}

/** Word i of a file that `drop` makes. */
export function wordAt(i: number): number {
  return Math.imul(i + 1, 2_654_435_761);
}

/** Drops a file that is made in the page: bytes that differ everywhere. */
export async function drop(page: Page, name: string, size: number): Promise<void> {
  const transfer = await page.evaluateHandle(`(() => {
    const words = new Uint32Array(${size / 4}).map((_, i) => Math.imul(i + 1, 2654435761));
    const held = new DataTransfer();
    held.items.add(new File([words], ${JSON.stringify(name)}, { type: "video/mp4" }));
    return held;
  })()`);
  await page.dispatchEvent(".browser", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent(".browser", "drop", { dataTransfer: transfer });
}

/** Drops a folder of this machine onto the page, as a hand would. */
export async function dropFolder(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x: 400, y: 400, data });
  }
  await session.detach();
}
