/** The file-system path of a `file:` URL, with spaces and other characters decoded. */
export function fromFileUrl(url: URL): string {
  return decodeURIComponent(url.pathname);
}
