/** User metadata as headers `Sixfold-Meta-…`: only what is a header and cannot stand for another one. */

const PREFIX = "sixfold-meta-";
const NAME = /^[a-z0-9-]{1,100}$/;
const VALUE = /^[\x20-\x7e\xa0-\xff]{0,8000}$/;

/** The metadata that headers bring. */
export function metadataOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith(PREFIX)));
}

/** The metadata of named values; undefined when one of them could not be a header. */
export function metadataFrom(values: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (!NAME.test(name) || typeof value !== "string" || !VALUE.test(value)) return undefined;
    metadata[PREFIX + name] = value;
  }
  return metadata;
}

/** The headers of metadata; what was given by another door and is none is left out. */
export function headersOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) => {
      return name.startsWith(PREFIX) && NAME.test(name.slice(PREFIX.length)) && VALUE.test(value);
    }),
  );
}
