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
