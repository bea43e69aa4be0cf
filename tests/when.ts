/** What a test of this machine's own means needs: where it is not there, the test is left out, and its name says why. */
export function when(there: boolean, need: string, name: string): { readonly name: string; readonly ignore: boolean } {
  return there ? { name, ignore: false } : { name: `${name} (left out: ${need})`, ignore: true };
}
