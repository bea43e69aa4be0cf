/** What is in a file: pictures and text, shown so that nothing in them can run or reach anything. */
import { useEffect, useState } from "preact/hooks";
import type { File as StoredFile } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { sdk, sentenceOf } from "./api.ts";
import { sizeText } from "./format.ts";

const PICTURE = /^image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)\b/i;
const TEXT = /^text\/|[/+](json|xml|javascript|yaml|toml|x-sh|sql)\b/i;
const TEXT_NAME =
  /\.(txt|md|json|ya?ml|toml|csv|tsv|log|ts|tsx|js|mjs|css|xml|sql|sh|py|go|rs|c|h|java|proto|ini|conf)$/i;
const LARGEST_PICTURE = 32 * 1024 * 1024;
const MOST_TEXT = 256 * 1024;

type Shown = { readonly picture: string } | { readonly text: string; readonly isCut: boolean } | {
  readonly sentence: string;
};

/** The preview. */
export function Preview({ file }: { file: StoredFile }) {
  const [shown, setShown] = useState<Shown>({ sentence: "Loading…" });
  const { id, bucket, key } = file;
  useEffect(() => {
    const stop = new AbortController();
    let url = "";
    void open(file, stop.signal).catch((error): Shown => ({ sentence: sentenceOf(error) })).then((found) => {
      if ("picture" in found) url = found.picture;
      if (stop.signal.aborted) URL.revokeObjectURL(url);
      else setShown(found);
    });
    return () => {
      stop.abort();
      URL.revokeObjectURL(url);
    };
  }, [id, bucket, key]);
  return (
    <section class="preview" aria-labelledby="preview">
      <h3 id="preview">Preview</h3>
      {"picture" in shown
        ? <img src={shown.picture} alt={`Preview of ${key}`} />
        : "text" in shown
        ? <Text name={key} {...shown} isPage={/^text\/html\b/i.test(file.contentType)} />
        : <p class="hint">{shown.sentence}</p>}
    </section>
  );
}

/** A picture's bytes are handed to an image element, where no picture runs a script, whatever is in it. */
async function open({ bucket, key, id, size, contentType }: StoredFile, signal: AbortSignal): Promise<Shown> {
  if (PICTURE.test(contentType)) {
    if (size > LARGEST_PICTURE) {
      return { sentence: `Pictures of more than ${sizeText(LARGEST_PICTURE)} are not shown.` };
    }
    const bytes = await (await sdk.download(bucket, key, { id, signal })).bytes();
    return { picture: URL.createObjectURL(new Blob([bytes], { type: contentType })) };
  }
  if (!TEXT.test(contentType) && !TEXT_NAME.test(key)) return { sentence: "There is no preview of this type." };
  const isCut = size > MOST_TEXT;
  const range = isCut ? { range: { offset: 0, length: MOST_TEXT } } : {};
  return { text: await (await sdk.download(bucket, key, { id, signal, ...range })).text(), isCut };
}

/** A text, and where it is a page, that page in a frame that may do nothing at all. */
function Text({ name, text, isCut, isPage }: { name: string; text: string; isCut: boolean; isPage: boolean }) {
  const [asPage, setAsPage] = useState(false);
  return (
    <>
      {isPage && (
        <label class="switch">
          <input type="checkbox" checked={asPage} onChange={({ currentTarget }) => setAsPage(currentTarget.checked)} />
          Show it as a page, without scripts, styles and pictures
        </label>
      )}
      {asPage
        ? <iframe title={`Preview of ${name}`} sandbox="" referrerpolicy="no-referrer" srcdoc={text} />
        : <pre tabIndex={0} aria-label={`Text of ${name}`}>{text}</pre>}
      {isCut && <p class="hint">Only the first {sizeText(MOST_TEXT)} are shown.</p>}
    </>
  );
}
