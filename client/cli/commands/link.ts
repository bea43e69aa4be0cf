import process from "node:process";
import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { signLink } from "../../mod.ts";
import { fileOf } from "../place.ts";
import { openSession, print } from "../session.ts";
import { secondsOf } from "../time.ts";

/** `sixfold link` */
export function addLink(program: Command): void {
  program.command("link").description("make a link to one file for who has no key; no gateway is asked")
    .argument("<file>", "BUCKET/KEY")
    .option("--for <time>", "how long it is valid: 90s, 15m, 12h, 7d", "1h")
    .option("--put", "to store the file, not to fetch it")
    .option("--size <bytes>", "with --put: the most bytes")
    .option("--type <type>", "with --put: the content type that must be sent")
    .addHelpText(
      "after",
      "\nIt is signed with SIXFOLD_KEY, can do no more than that key, and ends with it." +
        "\nExamples:\n  sixfold link demo/photo.jpg --for 7d\n  sixfold link demo/inbox/scan.pdf --put --size 20000000",
    )
    .action(async (
      place: string,
      options: { for: string; put?: boolean; size?: string; type?: string },
      command: Command,
    ) => {
      const { gateways, json } = openSession(command);
      const { SIXFOLD_KEY } = process.env;
      if (!SIXFOLD_KEY) throw new SixfoldError("invalid_argument", "a link is signed with an API key; set SIXFOLD_KEY");
      if (options.size !== undefined && !/^\d{1,15}$/.test(options.size)) {
        throw new SixfoldError("invalid_argument", `"${options.size}" is no number of bytes`);
      }
      const { bucket, key } = fileOf(place);
      const url = await signLink({
        gateway: gateways[0] ?? "",
        key: SIXFOLD_KEY,
        bucket,
        file: key,
        method: options.put ? "PUT" : "GET",
        seconds: secondsOf(options.for),
        ...(options.size === undefined ? {} : { size: Number(options.size) }),
        ...(options.type === undefined ? {} : { type: options.type }),
      });
      print(json ? JSON.stringify({ url }) : url);
    });
}
