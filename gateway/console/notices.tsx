/** Short notices in the corner, read out, gone by themselves unless they tell of an error. */
import { signal } from "@preact/signals";
import { sentenceOf } from "./api.ts";
import { Icon } from "./icons.tsx";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  readonly offer?: Offer;
}

/** What can still be done about it. */
export interface Offer {
  readonly name: string;
  readonly act: () => void;
}

const STAY_MS = 5000;
/** A notice with an offer stays longer: there is something to decide. */
const OFFER_MS = 30_000;
const MOST = 4;
const notices = signal<readonly Notice[]>([]);
let last = 0;

/** Says something. */
export function notify(text: string, bad = false, offer?: Offer): void {
  const id = ++last;
  notices.value = [...notices.value, { id, text, bad, ...(offer && { offer }) }].slice(-MOST);
  if (!bad) setTimeout(() => dismiss(id), offer === undefined ? STAY_MS : OFFER_MS);
}

/** Does something, and says so when it fails. @returns whether it did not fail */
export async function attempt(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    notify(sentenceOf(error), true);
    return false;
  }
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** All of them. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, bad, offer }) => (
        <p key={id} class={bad ? "notice bad" : "notice"}>
          <span class="grow">{text}</span>
          {offer !== undefined && (
            <button
              type="button"
              onClick={() => {
                dismiss(id);
                offer.act();
              }}
            >
              {offer.name}
            </button>
          )}
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </p>
      ))}
    </div>
  );
}
