/** What `npm run bench -- …` takes. */
import { parseArgs } from "node:util";

/** The options, with their defaults. */
export interface BenchOptions {
  /** Bytes that each of the large loads moves. */
  readonly total: number;
  readonly hops: readonly string[];
  /** Only loads whose names contain this. */
  readonly only: string;
  /** How often each load is measured; the run in the middle counts. */
  readonly rounds: number;
  /** How many gateways share the clients. */
  readonly gateways: number;
  /** A commit that is measured by turns with the code of now. */
  readonly compare: string | undefined;
  /** Whether a cluster that exports every trace is measured by turns with one that exports none. */
  readonly traces: boolean;
  /** The folder for profiles of every server process. */
  readonly profiles: string | undefined;
  /** A file for everything that was measured. */
  readonly json: string | undefined;
  /** Whether the ratios of this run become the accepted ones. */
  readonly accept: boolean;
  /** Whether one client sends one file of 10 GiB, and nothing else is measured. */
  readonly huge: boolean;
  /** Whether only puts and pages beside a million files are measured. */
  readonly million: boolean;
}

export const USAGE = `npm run bench -- [options]
  --bytes 1G          bytes of each large load, as 256M or 1G
  --hop web|grpc      one hop only
  --only TEXT         only loads whose names contain the text, as "10 MiB" or "4 KiB"
  --rounds N          measure each load so often, and take the run in the middle
  --gateways N        so many gateways of now share the clients
  --compare COMMIT    measure a commit, with one gateway, by turns with the code of now
  --traces            measure by turns what exporting every trace costs
  --cpu-prof FOLDER   let every server process write a profile
  --json FILE         write all figures
  --accept            keep the ratios of this run as the accepted ones
  --huge              one file of 10 GiB, one client
  --million           puts and pages beside a million files`;

/** @throws Error with the usage when an option is not one of these */
export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    bytes: { ...text, default: "1G" },
    hop: text,
    only: { ...text, default: "" },
    rounds: text,
    gateways: { ...text, default: "1" },
    compare: text,
    traces: flag,
    "cpu-prof": text,
    json: text,
    accept: flag,
    huge: flag,
    million: flag,
  };
  try {
    const { values } = parseArgs({ args: [...args], options });
    const size = /^(\d+)([MG])$/.exec(values.bytes);
    const rounds = Number(values.rounds ?? (values.traces ? 10 : values.compare === undefined ? 1 : 3));
    const gateways = Number(values.gateways);
    const numbers = [rounds, gateways].every((number) => Number.isInteger(number) && number > 0);
    if (size === null || !numbers) throw new Error("--bytes 256M, --rounds 3, --gateways 2");
    return {
      total: Number(size[1]) * (size[2] === "M" ? 1024 ** 2 : 1024 ** 3),
      hops: values.hop === undefined ? ["web", "grpc"] : [values.hop],
      only: values.only,
      rounds,
      gateways,
      compare: values.compare,
      traces: values.traces,
      profiles: values["cpu-prof"],
      json: values.json,
      accept: values.accept,
      huge: values.huge,
      million: values.million,
    };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}
