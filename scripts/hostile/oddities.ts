/** Values that no honest client would send, and some that are nearly right: chance alone would not get past the first check. */
import type { Random } from "../faults/random.ts";

const encoder = new TextEncoder();

const NUMBERS = ["0", "-1", "1", "9007199254740993", "18446744073709551616", "1e3", "0x10", "NaN", "", " 5", "00012"];
const TEXTS = [
  "",
  "a",
  "..",
  ".",
  "/",
  "//",
  "../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "a\\..\\b",
  "con",
  "%",
  "%00",
  "%ff",
  "%ed%a0%80",
  "a%0d%0aset-cookie:%20x",
  "é",
  "日本",
  "\u202e",
  "'; DROP TABLE files; --",
  "<script>alert(1)</script>",
  "${jndi:ldap://x}",
  "__proto__",
  "constructor",
  "toString",
  "-",
  "?",
  "#",
  "a b",
  "\u0001",
  "\ud800",
];

/** Bytes of chance. */
export function noise(random: Random, most: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: random.between(0, most) }, () => random.between(0, 256));
}

/** A number as a text, or what looks like one. */
export function oddNumber(random: Random): string {
  return random.next() < 0.5 ? random.pick(NUMBERS) : String(random.between(0, 400_000));
}

/** A text of any kind. */
export function oddText(random: Random): string {
  switch (random.between(0, 6)) {
    case 0:
      return random.pick(TEXTS).repeat(random.between(1, 300));
    case 1:
      return String.fromCharCode(...Array.from(noise(random, 60)));
    case 2:
      return Array.from({ length: random.between(0, 20) }, () => String.fromCodePoint(random.between(0, 0x10ffff)))
        .join("");
    case 3:
      return oddNumber(random);
    default:
      return random.pick(TEXTS) + random.pick(TEXTS);
  }
}

/** A segment of a path: escaped well, badly, or not at all. */
export function oddSegment(random: Random): string {
  const text = oddText(random);
  if (random.next() < 0.6) return encodeURIComponent(text.toWellFormed());
  return [...text].filter((sign) => sign > " ").join("").replace(
    /%(?=.)/g,
    (sign) => random.next() < 0.5 ? "%25" : sign,
  );
}

/** A `Range`. */
export function oddRange(random: Random): string {
  const unit = random.pick(["bytes", "bytes", "bytes", "Bytes", "lines", ""]);
  const one = () => `${oddNumber(random)}-${random.next() < 0.3 ? "" : oddNumber(random)}`;
  return `${unit}=${Array.from({ length: random.pick([1, 1, 1, 2, 500]) }, one).join(",")}`;
}

/** A header's value: no line ends, for these would make it another header. */
export function oddValue(random: Random): string {
  return oddText(random).replace(/[\r\n\0]/g, "");
}

/** An API key that opens nothing: of the right form, or of none. @param key one that is good, to be nearly right */
export function oddKey(random: Random, key: string): string {
  const at = random.between(0, key.length);
  switch (random.between(0, 5)) {
    case 0:
      return key.slice(0, at);
    case 1:
      return `${key}${random.pick(["", " ", "=", "A"])}x`;
    case 2: {
      const digit = random.pick([..."0123456789abcdef"].filter((digit) => digit !== key[at]));
      return key.slice(0, at) + digit + key.slice(at + 1);
    }
    case 3:
      return oddValue(random);
    default:
      return `sixfold_${hex(random, 16)}_${"A".repeat(43)}`;
  }
}

/** Hex digits. */
export function hex(random: Random, length: number): string {
  return Array.from({ length }, () => random.between(0, 16).toString(16)).join("");
}

/** A UUID, or nearly one. */
export function oddUuid(random: Random, known: readonly string[]): string {
  if (random.next() < 0.5 && known.length > 0) return random.pick(known);
  const uuid = [8, 4, 4, 4, 12].map((length) => hex(random, length)).join("-");
  return random.next() < 0.7 ? uuid : uuid.slice(random.between(0, 36)) + oddText(random);
}

/** Bytes with some of them changed, lost, or doubled. */
export function mangled(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  if (random.next() < 0.5) return copy;
  if (random.next() < 0.3) return copy.slice(0, random.between(0, copy.length + 1));
  for (let i = random.between(1, 4); i > 0 && copy.length > 0; i--) {
    copy[random.between(0, copy.length)] = random.between(0, 256);
  }
  return copy;
}

/** A text as bytes. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}
