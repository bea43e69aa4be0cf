/** Bytes on their way to the reader, compared with what was stored: a difference ends as an error and never as an end. */
import { SixfoldError } from "../shared/errors.ts";
import { toHex } from "./bytes.ts";
import { beginSha256 } from "./sha256.ts";

/** A range of a file, and the SHA-256 of its bytes. */
export interface Part {
  readonly offset: number;
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Hands bytes on, and checks the parts that they make up.
 * @param parts in order, from where the bytes begin; whatever lies behind them is not checked
 * @throws SixfoldError `data_loss` at the end of the first part that differs
 */
export async function* verifyParts(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  parts: AsyncIterable<Part> | Iterable<Part>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const steps = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  const next = async () => {
    const step = await steps.next();
    return step.done ? undefined : step.value;
  };
  let part = await next();
  let hash = beginSha256();
  let seen = 0;
  const closeFull = async () => {
    while (part !== undefined && seen === part.length) {
      if (toHex(hash.digest()) !== part.sha256) throw damaged(part);
      hash = beginSha256();
      seen = 0;
      part = await next();
    }
  };
  await closeFull();
  for await (const piece of bytes) {
    let at = 0;
    while (part !== undefined && at < piece.length) {
      const slice = piece.subarray(at, at + part.length - seen);
      hash.update(slice);
      at += slice.length;
      seen += slice.length;
      await closeFull();
    }
    yield piece;
  }
}

function damaged({ offset, length }: Part): SixfoldError {
  return new SixfoldError(
    "data_loss",
    `bytes ${offset}-${offset + length - 1} do not match the SHA-256 of what was stored; they were damaged on the way`,
    { detail: "CHECKSUM_MISMATCH" },
  );
}
