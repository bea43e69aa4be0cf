/** Statements as tagged templates that begin when they are awaited, on whatever connection they are then given. */
import postgres from "postgres";
import { POSTGRES_TYPES } from "./postgres_types.ts";

type Interface = postgres.ISql<{ bigint: number }>;

/** What sends a statement: a connection, or all of them together. A statement in a statement is a fragment of it. */
export interface Statement extends Pick<Interface, "json" | "unsafe"> {
  <T extends readonly (object | undefined)[] = postgres.Row[]>(
    template: TemplateStringsArray,
    ...parameters: readonly postgres.ParameterOrFragment<number>[]
  ): postgres.PendingQuery<T>;
}

/** One connection's own way to send a statement. */
export type Send = postgres.Sql<{ bigint: number }>;

/** Gives a statement its connection, once. @param text how it begins */
export type Run = <T>(statement: (send: Send) => PromiseLike<T>, text: string) => Promise<T>;

/** Makes statements and never sends one: it has no connection. */
const maker = postgres({ max: 1, user: "nobody", host: "127.0.0.1", fetch_types: false, types: POSTGRES_TYPES });

/** @param run is asked when a statement is awaited for the first time */
export function createStatement(run: Run): Statement {
  const lazily = <Q extends object>(query: Q, text: string, statement: (send: Send) => PromiseLike<unknown>): Q => {
    let answer: Promise<unknown> | undefined;
    const start = () => answer ??= run(statement, text);
    return Object.assign(query, {
      then: (...handlers: Parameters<Promise<unknown>["then"]>) => start().then(...handlers),
      catch: (...handlers: Parameters<Promise<unknown>["catch"]>) => start().catch(...handlers),
      finally: (...handlers: Parameters<Promise<unknown>["finally"]>) => start().finally(...handlers),
    });
  };
  const tag = (template: TemplateStringsArray, ...parameters: readonly postgres.ParameterOrFragment<number>[]) =>
    lazily(maker(template, ...parameters), template[0] ?? "", (send) => send(template, ...parameters));
  const unsafe: Statement["unsafe"] = (text, parameters, options) =>
    lazily(maker.unsafe(text, parameters, options), text, (send) => send.unsafe(text, parameters, options));
  return Object.assign(tag, { json: maker.json, unsafe }) as unknown as Statement;
}
