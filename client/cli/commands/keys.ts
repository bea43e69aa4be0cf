import type { Command } from "commander";
import { table } from "../human.ts";
import { note, openSession, print } from "../session.ts";
import { secondsOf } from "../time.ts";

/** `sixfold keys` */
export function addKeys(program: Command): void {
  const keys = program.command("keys").description("make, list and revoke API keys")
    .addHelpText("after", "\nExample:\n  sixfold keys create me --may read,write,delete,observe,admin");
  keys.command("create").description("make a key; it is shown once, on standard output")
    .argument("<name>", "what it is for")
    .option("--may <verbs>", "read, write, delete, observe, admin; separated by commas", "read,write,delete")
    .option("--in <places>", "BUCKET or BUCKET/PREFIX, separated by commas; everywhere by default")
    .option("--for <time>", "how long it is valid: 90s, 15m, 12h, 30d; for ever by default")
    .addHelpText(
      "after",
      "\nOnce there is a key, nothing goes without one: the first one must be allowed admin." +
        "\nExamples:\n  sixfold keys create me --may read,write,delete,observe,admin" +
        "\n  sixfold keys create camera --may write --in photos/camera/ --for 365d",
    )
    .action(async (name: string, options: { may: string; in?: string; for?: string }, command: Command) => {
      const { client, json, signal } = openSession(command);
      const { key, text } = await client.keys.create({
        name,
        verbs: words(options.may),
        places: words(options.in ?? ""),
        lifetimeSeconds: options.for === undefined ? 0 : secondsOf(options.for),
        signal,
      });
      print(json ? JSON.stringify({ ...key, key: text }) : text);
      note(`the key ${key.id} is not shown again; give it to programs as SIXFOLD_KEY`);
    });
  keys.command("list").description("list all keys, also those that are not valid any more")
    .addHelpText("after", "\nExample:\n  sixfold keys list")
    .action(async (_options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      const rows: string[][] = [];
      for await (const key of client.keys.list({ signal })) {
        if (json) print(JSON.stringify(key));
        const { id, name, verbs, places, valid, revokedAt, expiresAt } = key;
        const end = expiresAt === undefined ? "" : `until ${expiresAt.toISOString().slice(0, 10)}`;
        const state = revokedAt !== undefined ? "revoked" : valid ? end : "expired";
        rows.push([id, name, verbs.join(","), places.join(",") || "everywhere", state]);
      }
      if (!json && rows.length > 0) print(table(rows));
    });
  keys.command("revoke").description("end keys for good, within five seconds everywhere")
    .argument("<id...>", "the 16 hex digits that keys list shows")
    .addHelpText("after", "\nExample:\n  sixfold keys revoke 0123456789abcdef")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const { client, json, signal } = openSession(command);
      for (const id of ids) {
        await client.keys.revoke(id, { signal });
        print(json ? JSON.stringify({ revoked: id }) : `revoked ${id}`);
      }
    });
}

function words(text: string): string[] {
  return text.split(",").map((word) => word.trim()).filter((word) => word !== "");
}
