// Compiled by AssemblyScript: `npm run generate` writes shared/gen/erasure_kernel.ts.

/**
 * One output block as a linear combination of input blocks over GF(2^8), sixteen bytes at a time: a product with a
 * constant is two table look-ups by nibble (J. Plank et al., "Screaming Fast Galois Field Arithmetic Using Intel SIMD
 * Instructions", FAST '13).
 *
 * `inputs` points to `count` pointers, `tables` to `count` pairs of 16-byte tables (low nibble, high nibble).
 * `length` is rounded up to 16: blocks have that room.
 */
export function combine(output: usize, inputs: usize, tables: usize, count: i32, length: i32): void {
  const nibble = i8x16.splat(0x0f);
  for (let at: i32 = 0; at < length; at += 16) {
    let sum = i8x16.splat(0);
    for (let i: i32 = 0; i < count; i++) {
      const source = v128.load(load<usize>(inputs + (i << 2)) + at);
      const table = tables + (i << 5);
      const low = i8x16.swizzle(v128.load(table), v128.and(source, nibble));
      const high = i8x16.swizzle(v128.load(table, 16), i8x16.shr_u(source, 4));
      sum = v128.xor(sum, v128.xor(low, high));
    }
    v128.store(output + at, sum);
  }
}

/**
 * All `m` parity blocks of `k` data blocks, which lie one after another in steps of `stride`, the parity behind them.
 * Row r is the sum of g^(r*i) x data block i with g = 2, so each is had by Horner's rule with nothing but additions and
 * doublings, and the data is read once for all rows. `length` is rounded up to 16.
 */
export function encode(data: usize, k: i32, m: i32, stride: i32, length: i32): void {
  const last = data + (k - 1) * stride;
  const parity = last + stride;
  for (let at: i32 = 0; at < length; at += 16) {
    let p = v128.load(last + at);
    let q = p;
    let r = p;
    let from = last + at;
    for (let i: i32 = 1; i < k; i++) {
      from -= stride;
      const block = v128.load(from);
      p = v128.xor(p, block);
      q = v128.xor(twice(q), block);
      if (m == 3) r = v128.xor(twice(twice(r)), block);
    }
    v128.store(parity + at, p);
    if (m >= 2) v128.store(parity + stride + at, q);
    if (m == 3) v128.store(parity + 2 * stride + at, r);
  }
}

/** Each byte times 2 in GF(2^8): shifted, and reduced where a bit was lost. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function twice(bytes: v128): v128 {
  const overflow = i8x16.lt_s(bytes, i8x16.splat(0));
  return v128.xor(i8x16.add(bytes, bytes), v128.and(overflow, i8x16.splat(0x1d)));
}
