/** The reference of all settings, from the schemas: `npm run generate` writes it, and a test compares. */
import { GATEWAY_SETTINGS } from "../gateway/config.ts";
import { DAEMON_SETTINGS } from "../node-daemon/config.ts";
import { describeSettings } from "../shared/config.ts";
import { ROOT } from "../scripts/programs.ts";

/** Where it is. */
export const PAGE = `${ROOT}docs/configuration.md`;

/** Variables that are no settings of a gateway or a daemon, by what reads them. */
export const TOOLS: Readonly<Record<string, string>> = {
  SIXFOLD_GATEWAY: "The `sixfold` command: the addresses of gateways, separated by commas.",
  SIXFOLD_KEY: "The `sixfold` command: the API key.",
  SIXFOLD_URL: "Load tests: the address of a gateway; without it they start a cluster of their own.",
  SIXFOLD_DAEMON: "Load tests: the gRPC address of a daemon.",
  SIXFOLD_SOAK_BYTES: "The soak test: the size of its stream.",
  SIXFOLD_BUN: "Scripts and tests: where Bun is; `npm run` sets it.",
  SIXFOLD_DENO: "Scripts and tests: where Deno is; `npm run` sets it.",
  SIXFOLD_COVERAGE_DIR: "The gate: where processes leave their reports of coverage.",
  SIXFOLD_FAULTS_INSIDE: "The fault matrix: set in the namespace of its own that it runs in.",
};

/** The page as it should be. */
export async function configurationPage(): Promise<string> {
  const tools = Object.entries(TOOLS).map(([name, about]) => `| \`${name}\` | ${about} |`);
  const text = [
    "# Settings",
    "",
    "<!-- Made from gateway/config.ts and node-daemon/config.ts by: npm run generate -->",
    "",
    "All are environment variables, checked at the start: every problem is named at once, and so is a name that is nearly",
    "a setting's. `npm run gateway -- --print-config` (or `daemon`) shows what stands, without the secrets, and starts",
    "nothing. A secret may be given as the path of a file that has it, in the same name with `_FILE` behind it; one line",
    "end at its end does not count. Sizes are `32K`, `1M`, `10G`; times are `90s`, `15m`, `12h`, `7d`.",
    "",
    "## A gateway",
    "",
    describeSettings(GATEWAY_SETTINGS),
    "Traces go where `OTEL_EXPORTER_OTLP_ENDPOINT` says, of gateways and daemons: [observability.md](observability.md).",
    "",
    "## A daemon",
    "",
    describeSettings(DAEMON_SETTINGS),
    "## Tools",
    "",
    "| variable | is for |",
    "|---|---|",
    ...tools,
    "",
  ].join("\n");
  const format = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "--line-width", "120", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = format.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await format.output()).stdout);
}

if (import.meta.main) await Deno.writeTextFile(PAGE, await configurationPage());
