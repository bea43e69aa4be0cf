/** Where the bytes of a chunk that is being received come to lie: in the buffer that goes to the disk, once there is one. */

/** Joins the reader of a stream, which asks for memory, with the writer of its chunk, which begins later and has it. */
export class Landing {
  #room: (length: number) => Uint8Array | undefined = () => undefined;

  /** The writer's memory for the next message of PutChunk; undefined where it has no use for one of that length. */
  room(length: number): Uint8Array | undefined {
    return this.#room(length);
  }

  /** The writer is there. */
  open(room: (length: number) => Uint8Array | undefined): void {
    this.#room = room;
  }

  /** The writer is gone: what still comes lands elsewhere. */
  close(): void {
    this.#room = () => undefined;
  }
}
