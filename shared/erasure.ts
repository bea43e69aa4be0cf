/**
 * Reed-Solomon for six chunks: k data blocks, m parity blocks, any m of the six may be lost.
 *
 * Parity row r is the sum of g^(r*i) x data block i over GF(2^8), g = 2: the first row is plain XOR, the first two are
 * RAID-6's P and Q (H. P. Anvin, "The mathematics of RAID-6"). For the layouts here every square part of these rows has
 * an inverse, which the tests try for every pattern of losses.
 */
import { invert, type Matrix, multiply, power } from "./galois.ts";
import { ERASURE_KERNEL } from "./gen/erasure_kernel.ts";
import { CHUNKS, type Layout } from "./layout.ts";

const kernelModule = await WebAssembly.compile(Uint8Array.from(atob(ERASURE_KERNEL), (c) => c.charCodeAt(0)));

const PAGE = 65_536;
const POINTERS_AT = 1024;
const TABLES_AT = 2048;
/** Bytes that a room has beyond a block: for what frames it, and for the end of a stream. */
const ROOM = 8192;

interface Kernel {
  combine(output: number, inputs: number, tables: number, count: number, length: number): void;
  encode(data: number, k: number, m: number, stride: number, length: number): void;
}

/** The six blocks of one stripe in one piece of memory, where the kernel works on them without a copy. */
export class Stripe {
  /** Room for six full blocks: k of data, then m of parity. */
  readonly blocks: readonly Uint8Array[];
  /** The data blocks as one run of bytes, for stripes that are full. */
  readonly data: Uint8Array;
  /** The same memory as six rooms for reading: each holds a full block as it comes over the hop, between its frame's bytes. */
  readonly rooms: readonly Uint8Array[];
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: Kernel;
  readonly #blockSize: number;

  /** @param blockSize bytes of a full block, a multiple of 16 */
  constructor(readonly layout: Layout, blockSize: number) {
    this.#blockSize = blockSize;
    const initial = 1 + Math.ceil((CHUNKS * (blockSize + ROOM)) / PAGE);
    this.#memory = new WebAssembly.Memory({ initial, maximum: initial });
    const { exports } = new WebAssembly.Instance(kernelModule, { env: { memory: this.#memory } });
    this.#kernel = exports as unknown as Kernel;
    this.blocks = Array.from(
      { length: CHUNKS },
      (_, i) => new Uint8Array(this.#memory.buffer, PAGE + i * blockSize, blockSize),
    );
    this.data = new Uint8Array(this.#memory.buffer, PAGE, layout.k * blockSize);
    const room = blockSize + ROOM;
    this.rooms = Array.from({ length: CHUNKS }, (_, i) => new Uint8Array(this.#memory.buffer, PAGE + i * room, room));
  }

  /** Computes the parity blocks from the data blocks. @param length bytes of each block */
  encode(length: number): void {
    const { k, m } = this.layout;
    if (m > 0) this.#kernel.encode(this.#address(0), k, m, this.#blockSize, length);
  }

  /**
   * Computes the data blocks that are lost.
   * @param present the indexes of the blocks that are here, at least k
   * @param length bytes of each block
   * @throws RangeError when fewer than k are here
   */
  decode(present: ReadonlySet<number>, length: number): void {
    const { k } = this.layout;
    const lost = range(k).filter((index) => !present.has(index));
    if (lost.length === 0) return;
    const rows = [...present].sort((a, b) => a - b).slice(0, k);
    if (rows.length < k) throw new RangeError(`${present.size} blocks are here, ${k} are needed`);
    const decoding = invert(rows.map((index) => generatorRow(index, k)));
    for (const index of lost) this.#combine(index, rows, decoding[index] ?? [], length);
  }

  #combine(output: number, inputs: readonly number[], factors: readonly number[], length: number): void {
    const view = new DataView(this.#memory.buffer);
    for (const [i, input] of inputs.entries()) {
      view.setUint32(POINTERS_AT + i * 4, this.#address(input), true);
      const factor = factors[i] ?? 0;
      for (let nibble = 0; nibble < 16; nibble++) {
        view.setUint8(TABLES_AT + i * 32 + nibble, multiply(factor, nibble));
        view.setUint8(TABLES_AT + i * 32 + 16 + nibble, multiply(factor, nibble << 4));
      }
    }
    this.#kernel.combine(this.#address(output), POINTERS_AT, TABLES_AT, inputs.length, length);
  }

  #address(index: number): number {
    return PAGE + index * this.#blockSize;
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function parityRow(row: number, k: number): number[] {
  return range(k).map((i) => power(row * i));
}

function generatorRow(index: number, k: number): Matrix[number] {
  return index < k ? range(k).map((i) => Number(i === index)) : parityRow(index - k, k);
}
