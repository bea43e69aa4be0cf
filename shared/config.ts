/** Settings: all are environment variables, declared once with type, default and meaning, and checked at the start. */
import { readFileSync } from "node:fs";
import { SixfoldError } from "./errors.ts";
import { nearestName } from "./nearest_name.ts";
import { hostsOf } from "./postgres_hosts.ts";
import { SETTING_NAMES } from "./setting_names.ts";

/** One setting: how its text becomes a value, and what stands when it is absent. */
export interface Setting<T> {
  /** What it is for, a sentence for the reference page. */
  readonly about: string;
  /** The text that stands for an absent setting; undefined when it must be given. */
  readonly fallback: string | undefined;
  /** What kind of text is meant: ends the sentence "… must be". */
  readonly kind: string;
  /** Undefined when the text is none of its kind. */
  readonly parse: (text: string) => T | undefined;
  /** Whether it is shown to nobody. Such a one may also be given as the path of a file that has it. */
  readonly secret?: boolean;
}

/** The variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings by the names of their variables. */
export type Schema = Readonly<Record<string, Setting<unknown>>>;

/** The values of a schema. */
export type Settings<S extends Schema> = { readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never };

/** Any text. */
export function text(about: string, fallback?: string): Setting<string> {
  return { about, fallback, kind: "a text", parse: (value) => value };
}

/** A whole number within bounds. */
export function integer(about: string, fallback: string, min: number, max: number): Setting<number> {
  return {
    about,
    fallback,
    kind: `a whole number from ${min} to ${max}`,
    parse: (value) => {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

/** A number with up to three decimals within bounds. */
export function decimal(about: string, fallback: string, min: number, max: number): Setting<number> {
  return {
    about,
    fallback,
    kind: `a number from ${min} to ${max}`,
    parse: (value) => {
      const number = /^\d{1,9}(\.\d{1,3})?$/.test(value) ? Number(value) : NaN;
      return number >= min && number <= max ? number : undefined;
    },
  };
}

const BYTES: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size: `100`, `32K`, `1M`, `10G`. The value is in bytes. */
export function bytes(about: string, fallback: string): Setting<number> {
  return { about, fallback, kind: "a size such as 0, 32K, 1M or 10G", parse: (value) => unit(value, BYTES, "KMGT") };
}

/** A setting of which only some values are taken. @param kind what these are: ends the sentence "… must be" */
export function only<T>(setting: Setting<T>, kind: string, takes: (value: T) => boolean): Setting<T> {
  return {
    ...setting,
    kind,
    parse: (text) => {
      const value = setting.parse(text);
      return value !== undefined && takes(value) ? value : undefined;
    },
  };
}

/** A setting that may also be `auto`. */
export function orAuto<T>(setting: Setting<T>): Setting<T | "auto"> {
  return { ...setting, kind: `${setting.kind}, or auto`, parse: (v) => (v === "auto" ? "auto" : setting.parse(v)) };
}

/** A setting that is a secret. */
export function secret<T>(setting: Setting<T>): Setting<T> {
  return { ...setting, secret: true };
}

/** The secret that gateways and daemons share. */
export const CLUSTER_TOKEN = secret(only(
  text("The secret that gateways and daemons share, at least 32 characters."),
  "a text of at least 32 characters",
  ({ length }) => length >= 32,
));

/** Who vouches for daemons. */
export const HOP_CA_FILE = text(
  "The certificates in PEM of those who vouch for daemons: gateways and daemons speak TLS then. It may change at any time.",
  "",
);

/** Where PostgreSQL is. */
export const DATABASE_URL: Setting<string> = secret({
  about: "PostgreSQL. Of several hosts (host:port,host:port) the one that takes writes is used.",
  fallback: undefined,
  kind: "an address such as postgres://user:password@host:port/database",
  parse: (value) => {
    try {
      hostsOf(value);
      return value;
    } catch {
      return undefined;
    }
  },
});

const SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** A time: `0`, `90s`, `15m`, `1h`. The value is in seconds. */
export function seconds(about: string, fallback: string): Setting<number> {
  return { about, fallback, kind: "a time such as 90s, 15m or 1h", parse: (value) => unit(value, SECONDS, "smhd") };
}

function unit(value: string, units: Readonly<Record<string, number>>, letters: string): number | undefined {
  const match = new RegExp(`^(\\d{1,12})([${letters}]?)$`).exec(value);
  return match === null ? undefined : Number(match[1]) * (units[match[2] ?? ""] ?? NaN);
}

/** One of some words. */
export function choice<const T extends string>(about: string, fallback: T, ...words: readonly T[]): Setting<T> {
  return {
    about,
    fallback,
    kind: `one of ${words.join(", ")}`,
    parse: (value) => words.find((word) => word === value),
  };
}

/** `1` or `0`. */
export function flag(about: string, fallback: "0" | "1"): Setting<boolean> {
  return { about, fallback, kind: "1 or 0", parse: (v) => (v === "1" ? true : v === "0" ? false : undefined) };
}

/** What a secret's setting is called where it names a file. */
const FILE = "_FILE";

/**
 * Reads all settings of a schema. The result is frozen.
 * @throws SixfoldError `invalid_argument` that names every problem at once; values are not repeated, they may be secret
 */
export function readSettings<S extends Schema>(schema: S, environment: Environment): Settings<S> {
  const problems = misspelt(schema, environment);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(schema)) {
    const chosen = textOf(name, setting, environment, problems);
    const value = chosen === undefined ? undefined : setting.parse(chosen);
    if (chosen === undefined) problems.push(`${name} is missing: ${setting.about.replace(/\.$/, "")}`);
    else if (value === undefined) problems.push(`${name} must be ${setting.kind}`);
    values[name] = value;
  }
  if (problems.length > 0) throw new SixfoldError("invalid_argument", problems.join("; "));
  return Object.freeze(values) as Settings<S>;
}

/** The settings as they are, a line each, without the secrets. @throws SixfoldError as `readSettings` */
export function showSettings(schema: Schema, environment: Environment): string {
  readSettings(schema, environment);
  return Object.entries(schema).map(([name, setting]) => {
    const given = environment[name] || environment[name + FILE];
    const shown = setting.secret ? given && "(hidden)" : environment[name] || setting.fallback;
    return `${name}=${shown ?? ""}${given ? "" : "  # default"}\n`;
  }).join("");
}

/** The text of a setting; undefined where it must be given and is not. */
function textOf(name: string, setting: Setting<unknown>, environment: Environment, problems: string[]) {
  const given = environment[name];
  const path = setting.secret ? environment[name + FILE] : undefined;
  if (!path) return given || setting.fallback;
  if (given) problems.push(`${name} and ${name}${FILE} are both set; keep one of them`);
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "") || setting.fallback;
  } catch {
    problems.push(`${name}${FILE} names a file that cannot be read`);
    return setting.fallback;
  }
}

/** Names that no program of this project knows, and that are nearly those of settings. */
function misspelt(schema: Schema, environment: Environment): string[] {
  const own = Object.entries(schema).flatMap(([name, { secret }]) => secret ? [name, name + FILE] : [name]);
  const known = new Set([...own, ...SETTING_NAMES, ...SETTING_NAMES.map((name) => name + FILE)]);
  return Object.keys(environment).filter((name) => name.startsWith("SIXFOLD_") && !known.has(name)).flatMap((name) => {
    const near = nearestName(name, own);
    return near === undefined ? [] : [`${name} is no setting; do you mean ${near}?`];
  });
}

/** The reference of a schema as a Markdown table. */
export function describeSettings(schema: Schema): string {
  const rows = Object.entries(schema).map(([name, { about, fallback, kind, secret }]) => {
    const standing = fallback === undefined ? "must be given" : fallback && `\`${fallback}\``;
    return `| \`${name}\` | ${kind}${secret ? `; or \`${name}${FILE}\`` : ""} | ${standing} | ${about} |`;
  });
  return ["| setting | is | default | meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}
