/** XXH64 as Sixfold uses it: of blocks, seeded by their place; of texts, for the ring; over a chunk's block checksums. */
import xxhash from "xxhash-wasm";

const { h64Raw, h64, create64 } = await xxhash();

/** XXH64 of bytes. */
export function xxh64(data: Uint8Array, seed = 0n): bigint {
  return h64Raw(data, seed);
}

/** XXH64 of a text's UTF-8. */
export function xxh64Text(text: string): bigint {
  return h64(text);
}

const place = new Uint8Array(28);
const placeView = new DataView(place.buffer);

/**
 * The seed of a block's checksum: XXH64 of the upload id (16 bytes), segment, index and number (each 4 bytes,
 * little-endian). It makes a block of another chunk or another place fail to verify.
 */
export function blockSeed(uploadId: Uint8Array, segment: number, index: number, number: number): bigint {
  place.set(uploadId);
  placeView.setUint32(16, segment, true);
  placeView.setUint32(20, index, true);
  placeView.setUint32(24, number, true);
  return h64Raw(place);
}

/** The running XXH64 over the checksums of a chunk's blocks, each as 8 bytes little-endian. */
export class BlockChecksums {
  readonly #hash = create64();
  readonly #bytes = new Uint8Array(8);
  readonly #view = new DataView(this.#bytes.buffer);

  /** Adds the next block's checksum. */
  add(checksum: bigint): void {
    this.#view.setBigUint64(0, checksum, true);
    this.#hash.update(this.#bytes);
  }

  /** The value over all that were added so far. */
  digest(): bigint {
    return this.#hash.digest();
  }
}
