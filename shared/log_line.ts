/** How a line of the log is written: for machines, or for the person at a terminal. */

/** What a line tells. */
export type LogLine = Readonly<Record<string, unknown>> & {
  /** ISO 8601. */
  readonly time: string;
  readonly level: string;
  readonly message: string;
};

/** A JSON object. */
export function jsonLine(line: LogLine): string {
  return JSON.stringify(line, plain);
}

/** Time, level and message, then the fields; an error with its causes on lines of their own. */
export function terminalLine({ time, level, message, service, ...fields }: LogLine): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined && !(value instanceof Error));
  const words = shown.map(([name, value]) => `${name}=${wordOf(value)}`);
  const head = [time.slice(11, 23), level.padEnd(5), ...(service === undefined ? [] : [String(service)]), message];
  const errors = Object.values(fields).filter((value) => value instanceof Error).flatMap(chainOf);
  return [[...head, ...words].join(" "), ...errors.map((error) => `    ${error}`)].join("\n");
}

function wordOf(value: unknown): string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value, plain);
}

/** An error and what it came from. Where a mistake was made matters only for one that has no code. */
function chainOf(error: Error): string[] {
  const { name, message, stack = "", cause } = error;
  const code = "code" in error ? ` (${error.code})` : "";
  const place = code === "" ? stack.split("\n").find((line) => line.trim().startsWith("at "))?.trim() : undefined;
  // What another program has said may move the cursor, or be several lines.
  const said = message.replaceAll(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));
  const told = `${name}: ${said}${code}${place === undefined ? "" : ` ${place}`}`;
  return [told, ...(cause instanceof Error ? chainOf(cause).map((line) => `caused by ${line}`) : [])];
}

/** What JSON cannot say by itself: errors with their chain of causes, and big integers. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  return { name, message, ...("code" in value ? { code: value.code } : {}), stack, ...(cause ? { cause } : {}) };
}
