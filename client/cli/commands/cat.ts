import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { fileOf } from "../place.ts";
import { openSession, writeOut } from "../session.ts";

/** `sixfold cat` */
export function addCat(program: Command): void {
  program.command("cat").description("write a file, or a range of it, to standard output")
    .argument("<file>", "BUCKET/KEY")
    .option("--offset <bytes>", "the first byte", "0")
    .option("--length <bytes>", "how many bytes; to the end by default")
    .addHelpText("after", "\nExample:\n  sixfold cat demo/log.txt --offset 1000 --length 200")
    .action(async (source: string, options: { offset: string; length?: string }, command: Command) => {
      const { client, signal } = openSession(command);
      const { bucket, key } = fileOf(source);
      const offset = count("--offset", options.offset);
      const range = options.length === undefined ? { offset } : { offset, length: count("--length", options.length) };
      const whole = offset === 0 && options.length === undefined;
      const { pieces } = await client.download(bucket, key, whole ? { signal } : { range, signal });
      for await (const piece of pieces) await writeOut(piece);
    });
}

function count(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new SixfoldError("invalid_argument", `${name} is a whole number of bytes`);
}
