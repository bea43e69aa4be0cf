/** Lists in variables of OpenTelemetry: `name=value,name=value`, either of them percent-encoded. */

/** @throws Error for what is no such list */
export function readPairs(list: string): Record<string, string> {
  const pairs = list.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
    const at = pair.indexOf("=");
    const name = decodeURIComponent(pair.slice(0, Math.max(at, 0)).trim());
    if (name === "") throw new Error("it takes name=value,name=value, percent-encoded");
    return [name, decodeURIComponent(pair.slice(at + 1).trim())] as const;
  });
  return Object.fromEntries(pairs);
}
