/** Things that happen to one key at the same time. */
import { each } from "../each.ts";
import { deleteFile, getFile, putFile } from "../file_client.ts";
import { check, type Row } from "../row.ts";

const KIB = 1024;

/** See above. */
export const RACE_ROWS: readonly Row[] = [
  {
    number: 46,
    name: "deletes and downloads of one key at once",
    inject: "1,000 rounds through two gateways",
    expect: "the whole file, or 404 before the first byte, or a broken transfer; never a wrong byte",
    phases: ["once"],
    run: async (stage) => {
      const content = stage.content(200 * KIB);
      await each([...Array(1000).keys()], 4, async (i) => {
        const key = `race-${i % 4}`;
        await stage.manifest.begin(key, content);
        const results = await Promise.all([
          putFile(stage.url(key, 0), content),
          getFile(stage.url(key, 1), content),
          getFile(stage.url(key, 0), content),
          i % 3 === 0 ? deleteFile(stage.url(key, 1)) : undefined,
        ]);
        for (const result of results) {
          check(result?.wrong === undefined, `${key}: ${result?.wrong}`);
          check((result?.status ?? 0) < 500, `${key}: ${result?.status} ${result?.code}`);
        }
      });
    },
  },
  {
    number: 47,
    name: "uploads of different contents to one key at once",
    inject: "100 rounds of four uploads and a delete, through two gateways; half of them only if there is no file",
    expect: "one of them wins whole; the others succeed before it or get 409 or 412",
    phases: ["once"],
    run: async (stage) => {
      await each([...Array(100).keys()], 2, async (i) => {
        const key = `contested-${i}`;
        const contents = Array.from({ length: 4 }, () => stage.content(100 * KIB));
        for (const content of contents) await stage.manifest.begin(key, content);
        const headers = i % 2 === 0 ? {} : { "if-none-match": "*" };
        const results = await Promise.all(contents.map((content, n) => {
          return putFile(stage.url(key, n % 2), content, { headers });
        }));
        for (const { status, code } of results) {
          check([201, 409, 412].includes(status), `${key}: ${status} ${code}`);
        }
        const won = results.filter(({ status }) => status === 201).length;
        check(i % 2 === 0 ? won > 0 : won === 1, `${won} of four uploads have won`);
      });
    },
  },
];
