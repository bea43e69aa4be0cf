/** Settings: all are environment variables, declared once with type, default and meaning, and checked at the start. */
import { SixfoldError } from "./errors.ts";

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
}

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

/** The secret that gateways and daemons share. */
export const CLUSTER_TOKEN = only(
  text("The secret that gateways and daemons share, at least 32 characters."),
  "a text of at least 32 characters",
  ({ length }) => length >= 32,
);

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

/**
 * Reads all settings of a schema. The result is frozen.
 * @param read the environment
 * @throws SixfoldError `invalid_argument` that names every problem at once; values are not repeated, they may be secret
 */
export function readSettings<S extends Schema>(schema: S, read: (name: string) => string | undefined): Settings<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(schema)) {
    const given = read(name);
    const chosen = given === undefined || given === "" ? setting.fallback : given;
    const value = chosen === undefined ? undefined : setting.parse(chosen);
    if (chosen === undefined) problems.push(`${name} is missing: ${setting.about}`);
    else if (value === undefined) problems.push(`${name} must be ${setting.kind}`);
    values[name] = value;
  }
  if (problems.length > 0) throw new SixfoldError("invalid_argument", problems.join("; "));
  return Object.freeze(values) as Settings<S>;
}

/** The reference of a schema as a Markdown table. */
export function describeSettings(schema: Schema): string {
  const rows = Object.entries(schema).map(([name, { about, fallback, kind }]) =>
    `| \`${name}\` | ${kind} | ${fallback === undefined ? "must be given" : fallback && `\`${fallback}\``} | ${about} |`
  );
  return ["| setting | is | default | meaning |", "|---|---|---|---|", ...rows, ""].join("\n");
}
