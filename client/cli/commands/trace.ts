import type { Command } from "commander";
import { openSession, print } from "../session.ts";
import { waterfall } from "../waterfall.ts";

/** `sixfold trace` */
export function addTrace(program: Command): void {
  program.command("trace").description("show where the time of a request went, one of the last that were answered")
    .argument("<id>", "what the answer's x-trace-id said")
    .addHelpText("after", "\nExample:\n  sixfold trace 4bf92f3577b34da6a3ce929d0e0e4736")
    .action(async (traceId: string, _options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const requests = await client.trace(traceId, { signal });
      if (json) return requests.forEach((spans) => print(JSON.stringify(spans)));
      for (const spans of requests) print(waterfall(spans).join("\n"));
    });
}
