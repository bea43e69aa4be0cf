/** Arithmetic of GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), and small matrices over it. */

const exp = new Uint8Array(510);
const log = new Uint8Array(256);
for (let i = 0, value = 1; i < 255; i++) {
  exp[i] = exp[i + 255] = value;
  log[value] = i;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}

/** A matrix by rows. */
export type Matrix = readonly (readonly number[])[];

/** The product of two elements. */
export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : exp[at(log, a) + at(log, b)] ?? 0;
}

/** The generator (2) to a power. */
export function power(n: number): number {
  return at(exp, n % 255);
}

/**
 * The inverse of a square matrix, by Gauss and Jordan.
 * @throws RangeError when it has none
 */
export function invert(matrix: Matrix): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => Number(i === j))]);
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, i) => i >= column && row[column] !== 0);
    if (pivot < 0) throw new RangeError("the matrix has no inverse");
    [rows[column], rows[pivot]] = [at(rows, pivot), at(rows, column)];
    const pivotRow = at(rows, column);
    const factor = at(exp, 255 - at(log, at(pivotRow, column)));
    for (let j = 0; j < pivotRow.length; j++) pivotRow[j] = multiply(at(pivotRow, j), factor);
    for (const [i, row] of rows.entries()) {
      const lead = at(row, column);
      if (i === column || lead === 0) continue;
      for (let j = 0; j < row.length; j++) row[j] = at(row, j) ^ multiply(lead, at(pivotRow, j));
    }
  }
  return rows.map((row) => row.slice(size));
}

function at<T>(list: ArrayLike<T>, index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index}`);
  return value;
}
