/** What Node, Bun and Deno have and browsers do not. Nothing is imported, so a bundle for browsers has none of it. */

interface Builtins {
  readonly "node:crypto": typeof import("node:crypto");
  readonly "node:fs/promises": typeof import("node:fs/promises");
}

/** A module of the runtime; undefined in browsers. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const host: { process?: { getBuiltinModule?(name: string): unknown } } = globalThis;
  return host.process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}
