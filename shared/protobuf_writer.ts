/** Writes protobuf in one pass: the length of a message is put before it when its end is known. */

const FIRST_ROOM = 8 * 1024;
/** Bytes of such a length: a varint of four, of which the first three say that another follows. */
const LENGTH = 4;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const WORD = 2 ** 32;
const encoder = new TextEncoder();

/** Bytes that grow. A field is named by its number. */
export class ProtobufWriter {
  #bytes = new Uint8Array(FIRST_ROOM);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** A copy of all of them; the next ones begin anew, in the same memory. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** Begins a message in a field. @returns what `close` wants */
  open(field: number): number {
    this.#tag(field, BYTES);
    this.#room(LENGTH);
    this.#at += LENGTH;
    return this.#at;
  }

  close(from: number): void {
    const length = this.#at - from;
    const bytes = this.#bytes;
    bytes[from - 4] = length & 0x7f | 0x80;
    bytes[from - 3] = length >>> 7 & 0x7f | 0x80;
    bytes[from - 2] = length >>> 14 & 0x7f | 0x80;
    bytes[from - 1] = length >>> 21 & 0x7f;
  }

  /** A whole number that is not negative. */
  whole(field: number, value: number): void {
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  double(field: number, value: number): void {
    this.#tag(field, FIXED64);
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A time as nanoseconds of 64 bits, to the microsecond: finer ones have no place in a number. @param ms since 1970 */
  nanoseconds(field: number, ms: number): void {
    this.#tag(field, FIXED64);
    this.#room(8);
    const micros = Math.round(ms * 1000);
    const low = (micros % WORD) * 1000;
    this.#view.setUint32(this.#at, low % WORD, true);
    this.#view.setUint32(this.#at + 4, Math.floor(micros / WORD) * 1000 + Math.floor(low / WORD), true);
    this.#at += 8;
  }

  text(field: number, text: string): void {
    const from = this.open(field);
    this.#room(3 * text.length);
    // No loop over what is in it: a process that writes little never gets to run one as machine code.
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(from)).written;
    this.close(from);
  }

  /** Bytes that are given as hex digits. */
  hex(field: number, digits: string): void {
    this.bytes(field, Uint8Array.fromHex(digits));
  }

  bytes(field: number, bytes: Uint8Array): void {
    const from = this.open(field);
    this.append(bytes);
    this.close(from);
  }

  /** Fields that were written elsewhere. */
  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #tag(field: number, type: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = field << 3 | type;
  }

  #varint(value: number): void {
    this.#room(10);
    while (value > 0x7f) {
      this.#bytes[this.#at++] = value % 0x80 | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#at++] = value;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
