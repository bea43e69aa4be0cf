import assert from "node:assert/strict";
import { test } from "node:test";
import { PageWindow } from "./page_window.ts";

const PAGE = 10;

/** A list of numbers that is asked for page by page, as from the gateway: a cursor is what a page begins with. */
function open(numbers: number[]) {
  const asked: string[] = [];
  let heard = Promise.withResolvers<void>();
  let broken = false;
  const pages = new PageWindow<number>((cursor) => {
    asked.push(cursor);
    if (broken) return Promise.reject(new Error("away"));
    const from = numbers.findIndex((number) => number >= Number(cursor));
    const entries = numbers.slice(from, from + PAGE);
    return Promise.resolve({ entries, nextCursor: String(numbers[from + PAGE] ?? "") });
  }, () => heard.resolve());
  const look = async (first: number, end: number, version = 0) => {
    for (;;) {
      heard = Promise.withResolvers();
      const before = asked.length;
      pages.look(first, end, version);
      if (asked.length === before || broken) return;
      await heard.promise;
    }
  };
  return { pages, asked, look, fail: (is: boolean) => broken = is };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("far down a list every entry was in its place, few pages are here, and the way back asks for the others again", async () => {
  const { pages, asked, look } = open(upTo(1000));
  for (let at = 0; at < 1000; at += 5) {
    await look(at, at + 8);
    for (let place = at; place < Math.min(at + 8, 1000); place++) assert.equal(pages.at(place), place);
  }
  assert.deepEqual([pages.count, pages.more], [1000, false]);
  const here = upTo(1000).filter((place) => pages.at(place) !== undefined);
  assert.ok(here.length <= 10 * PAGE, `${here.length} entries are here`);
  assert.deepEqual([pages.at(0), pages.at(500), pages.at(999)], [0, undefined, 999]);
  asked.length = 0;
  await look(500, 508);
  assert.deepEqual([asked, pages.at(507)], [["500"], 507]);
});

test("what changed is asked for again, and shown until then; pages behind it begin elsewhere", async () => {
  const numbers = upTo(40);
  const { pages, look, asked } = open(numbers);
  for (const end of [1, 11, 21, 31]) await look(end - 1, end);
  numbers.splice(12, 1);
  assert.equal(pages.at(12), 12);
  await look(10, 12, 1);
  assert.deepEqual([pages.at(11), pages.at(12), pages.at(19), pages.at(20)], [11, 13, 20, 20]);
  await look(19, 21, 1);
  assert.deepEqual([pages.at(19), pages.at(20)], [20, 21]);
  asked.length = 0;
  await look(19, 21, 1);
  assert.deepEqual(asked, []);
  await look(30, 40, 1);
  assert.deepEqual([pages.at(38), pages.count, pages.more], [39, 39, false]);
});

test("an empty list is one page, and what had no answer is asked for when somebody looks again", async () => {
  const empty = open([]);
  await empty.look(0, 50);
  assert.deepEqual([empty.pages.count, empty.pages.more, empty.pages.growing], [0, false, false]);
  const { pages, look, fail } = open(upTo(15));
  fail(true);
  await look(0, 5);
  await new Promise((resolve) => setTimeout(resolve));
  assert.match(String(pages.error), /away/);
  fail(false);
  await look(0, 5);
  assert.deepEqual([pages.error, pages.count], [undefined, 10]);
});
