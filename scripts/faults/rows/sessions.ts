/** Uploads in parts that come twice, in disorder, incomplete, with wrong bytes, or too late. */
import { createHash } from "node:crypto";
import type { Content } from "../content.ts";
import { each } from "../each.ts";
import { call, type Outcome } from "../file_client.ts";
import { Random } from "../random.ts";
import { check, type Row } from "../row.ts";
import type { Stage } from "../stage.ts";
import { completeUpload, openUpload, putPart } from "../upload_client.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Opens an upload of a content that the manifest knows of. @returns its address at a gateway */
async function open(stage: Stage, key: string, content: Content): Promise<(gateway?: number) => string> {
  await stage.manifest.begin(key, content);
  const opened = await openUpload(stage.url(key), content);
  check(opened.status === 201, `an upload cannot be opened: ${opened.status} ${opened.code}`);
  return (gateway = 0) => `${stage.gateways[gateway]?.url}${opened.path}`;
}

/** What a call answers, and the body of it. */
async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
}

function mustBe(what: string, { status, code }: Outcome, ...right: number[]): void {
  check(right.includes(status), `${what}: ${status} ${code}`);
}

/** See above. */
export const SESSION_ROWS: readonly Row[] = [
  {
    number: 43,
    name: "two gateways clean up the same uploads and garbage",
    inject: "100 uploads in parts, their sessions ended at once, and both gateways at work every second",
    expect: "each is cleaned up once; nothing is left, and nobody fails",
    phases: ["once"],
    run: async (stage) => {
      await each([...Array(100).keys()], 8, async (i) => {
        const content = stage.content(200 * KIB);
        const upload = await open(stage, `expiring-${i}`, content);
        mustBe("a part", await putPart(upload(i % 2), content, 0, 100 * KIB), 200);
      });
      await stage.ledger.endLeases();
    },
  },
  {
    number: 44,
    name: "a session ends while its last part or its completion is on its way",
    inject: "100 uploads, each ended at a random moment by the clock of PostgreSQL",
    expect: "it becomes the whole file, or is refused; a visible file has all its chunks",
    phases: ["once"],
    run: async (stage) => {
      const random = new Random(44);
      await each([...Array(100).keys()], 4, async (i) => {
        const key = `raced-${i}`;
        const content = stage.content(300 * KIB);
        const upload = await open(stage, key, content);
        await putPart(upload(0), content, 0, 150 * KIB);
        const id = upload().slice(upload().lastIndexOf("/") + 1);
        const end = async () => {
          await new Promise((resolve) => setTimeout(resolve, random.between(0, 60)));
          await stage.ledger.sql`UPDATE upload_sessions SET expires_at = now() WHERE id = ${id}`;
        };
        const finish = async () => {
          const part = await putPart(upload(1), content, 150 * KIB, content.size);
          return part.status === 200 ? await completeUpload(upload(0)) : part;
        };
        const [outcome] = await Promise.all([finish(), end()]);
        mustBe(key, outcome, 200, 400, 404, 409);
        if (outcome.status === 200) await stage.manifest.acknowledge(key, content);
      });
    },
  },
  {
    number: 71,
    name: "parts, completions and deletes that are sent again",
    inject: "each call three times, through both gateways, also at once",
    expect: "the same answer each time; one file",
    phases: ["once"],
    run: async (stage) => {
      const content = stage.content(3 * MIB);
      const upload = await open(stage, "again", content);
      for (const from of [0, MIB, 2 * MIB]) {
        const send = (gateway: number) => putPart(upload(gateway), content, from, from + MIB);
        for (const outcome of await Promise.all([send(0), send(1), send(0)])) {
          mustBe("a part at once", outcome, 200, 409);
        }
        for (const gateway of [0, 1, 0]) mustBe("a part again", await send(gateway), 200);
      }
      const answers: string[] = [];
      for (const gateway of [0, 1, 0]) {
        const { status, text } = await ask(`${upload(gateway)}/complete`, { method: "POST" });
        check(status === 200, `a completion: ${status} ${text}`);
        answers.push(text);
      }
      check(new Set(answers).size === 1, "a completion answers otherwise when it comes again");
      await stage.manifest.acknowledge("again", content);
      for (const gateway of [0, 1, 0]) await stage.remove("again", gateway);
      const late = await ask(`${upload(1)}/complete`, { method: "POST" });
      check(late.status === 200 && late.text === answers[0], `a completion after the delete: ${late.status}`);
      const { status } = await ask(upload(0).replace(/[0-9a-f]{12}$/, "0".repeat(12)));
      check(status === 404, `an upload that never was: ${status}`);
    },
  },
  {
    number: 72,
    name: "parts out of order, missing, or beyond the end",
    inject: "100 uploads with parts in random order, completed before the last one, and parts where there is no room",
    expect: "refused with what is missing, and nothing changes; whole once all are there",
    phases: ["once"],
    run: async (stage) => {
      const random = new Random(72);
      await each([...Array(100).keys()], 4, async (i) => {
        const key = `disorder-${i}`;
        const count = random.between(2, 8);
        const content = stage.content(count * 40 * KIB - random.between(0, 1000));
        const upload = await open(stage, key, content);
        const starts = [...Array(count).keys()].map((n) => n * 40 * KIB).sort(() => random.next() - 0.5);
        const send = (from: number) =>
          putPart(upload(random.between(0, 2)), content, from, Math.min(from + 40 * KIB, content.size));
        const last = starts.pop() ?? 0;
        for (const from of starts) mustBe("a part", await send(from), 200);
        const early = await completeUpload(upload(0));
        mustBe("a completion with a part missing", early, 400);
        const missing = new RegExp(String(last));
        check(missing.test(early.code), `the completion does not name what is missing at ${last}: ${early.code}`);
        const beyond = await call(`${upload(1)}/parts/${content.size}`, { method: "PUT", body: "x" }, {});
        mustBe("a part beyond the end", beyond, 400);
        const inside = await call(`${upload(1)}/parts/${(starts[0] ?? 0) + 1}`, { method: "PUT", body: "x" }, {});
        mustBe("a part inside another one", inside, 409);
        mustBe("the last part", await send(last), 200);
        mustBe("the completion", await completeUpload(upload(1)), 200);
        await stage.manifest.acknowledge(key, content);
      });
    },
  },
  {
    number: 73,
    name: "the checksum of a file or a part is wrong",
    inject: "a declared SHA-256 of other bytes, for files in PostgreSQL and on disks, for parts and for whole uploads",
    expect: "400 CHECKSUM_MISMATCH, and nothing is stored",
    phases: ["once"],
    run: async (stage) => {
      const wrong = { "repr-digest": `sha-256=:${createHash("sha256").update("others").digest("base64")}:` };
      for (const size of [100, 3 * MIB]) {
        const outcome = await stage.put(`tampered-${size}`, stage.content(size), 0, { headers: wrong });
        check(
          outcome.status === 400 && outcome.code.includes("CHECKSUM_MISMATCH"),
          `${outcome.status} ${outcome.code}`,
        );
        const content = stage.content(size);
        const upload = await open(stage, `part-${size}`, content);
        const body = content.slice(0, size);
        const headers = { "content-digest": wrong["repr-digest"] };
        const part = await call(`${upload()}/parts/0`, { method: "PUT", body, headers }, {});
        check(part.status === 400 && part.code.includes("CHECKSUM_MISMATCH"), `a part: ${part.status} ${part.code}`);
        const { received, parts } = JSON.parse((await ask(upload())).text);
        check(received === 0 && parts.length === 0, `a part with a wrong checksum is there: ${received} bytes`);
      }
    },
  },
];
