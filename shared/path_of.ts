/** The path of a request, without a query: its URL has been parsed when it was made, and need not be each time it is read. */
export function pathOf({ url }: { readonly url: string }): string {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.slice(path).search(/[?#]/);
  return end < 0 ? url.slice(path) : url.slice(path, path + end);
}
