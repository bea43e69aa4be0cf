/** How fast small files go up by the command's sync, beside the bench's client, which does nothing but that. */
import { measure } from "../bench/measure.ts";
import { bundleCommand, ended, startCommand } from "./command.ts";

/** Requests at once, of the one and of the other. */
const AT_ONCE = 16;
const BYTES = 4096;
const ROUNDS = 3;

/** Measures by turns, the command's start and its listing included. */
export async function smallFiles(url: string, files: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sixfold small-" });
  try {
    const script = await bundleCommand(folder);
    const small = `${folder}/small`;
    await Deno.mkdir(small);
    for (let i = 0; i < files; i++) {
      await Deno.writeFile(`${small}/${i}`, crypto.getRandomValues(new Uint8Array(BYTES)));
    }
    const load = { operation: "up", clients: AT_ONCE, files, bytes: BYTES, beside: 0 } as const;
    for (let round = 0; round < ROUNDS; round++) {
      const { rate } = await measure([url], { ...load, place: `small-${round}` }, {});
      const told: string[] = [];
      for (const runtime of ["node", "bun"] as const) {
        const began = performance.now();
        await ended(startCommand(runtime, script, folder, url, ["sync", small, `sf://demo/${runtime}-${round}`]));
        const by = files / ((performance.now() - began) / 1000);
        told.push(`${by.toFixed(0)}/s by sync on ${runtime} (${((by / rate) * 100).toFixed(0)} %)`);
      }
      console.log(`${files} files of 4 KiB: ${rate.toFixed(0)}/s by the bench's client, ${told.join(", ")}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
