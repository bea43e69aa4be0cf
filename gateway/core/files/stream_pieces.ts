/** The pieces of a stream, as they come. */

/**
 * Unlike the stream's own iterator, this one keeps its hold on the stream at the end: to let go makes two errors, in case
 * somebody still waited, which take longer than the bytes of a small file.
 */
export function streamPieces(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  const pieces: AsyncIterator<Uint8Array> = {
    next: () => reader.read() as Promise<IteratorResult<Uint8Array>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => pieces };
}
