/** Bytes that come one after another, laid into memory that is there. */

/** Bytes on their way. */
export interface InOrder {
  /**
   * Fills memory with what comes next. The memory that was given is not to be used any more.
   * @returns what was filled of it, perhaps as another view: all of it but at the end
   */
  fill(memory: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends them before their end. */
  close(): Promise<void>;
}

/** The bytes of a stream. */
export function inOrder(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): InOrder {
  // Safari iterates no streams.
  const steps = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]?.() ?? readSteps(stream as ReadableStream);
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async fill(memory) {
      let filled = 0;
      while (filled < memory.length) {
        if (rest.length === 0) {
          const step = await steps.next();
          if (step.done) break;
          rest = step.value;
        }
        const piece = rest.subarray(0, memory.length - filled);
        memory.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
      return memory.subarray(0, filled);
    },
    close: async () => void await steps.return?.(),
  };
}

/**
 * The bytes of a Blob. Most runtimes fill the memory themselves, and then nothing is left to be collected: a tab of Chromium
 * that sends a GiB grows by 25 MiB, and by 300 where it is handed pieces. Nor is the Blob cut into slices to be read: of one
 * that a page has made in memory, Chromium copies them, and keeps the copies until it collects the page's garbage.
 */
export function blobInOrder(blob: Blob): InOrder {
  const stream = blob.stream();
  let reader: ReadableStreamBYOBReader;
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    return inOrder(stream);
  }
  return {
    async fill({ buffer, length }) {
      let memory = buffer;
      let filled = 0;
      while (filled < length) {
        const { value } = await reader.read(new Uint8Array(memory, filled, length - filled));
        // Handed over and back: the same bytes under another name.
        if (value !== undefined) memory = value.buffer;
        if (value === undefined || value.length === 0) break;
        filled += value.length;
      }
      return new Uint8Array(memory, 0, filled);
    },
    close: () => reader.cancel(),
  };
}

async function* readSteps(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
