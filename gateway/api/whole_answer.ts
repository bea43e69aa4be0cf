/** An answer that is all here: the door sends it as it was given. */

/** What such an answer was made of. */
export interface Given {
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A `Response` for whoever looks at it as one. To make its `Headers`, to read them back and to read its bytes from a stream
 * would take a seventh of what a small file costs, and so none of it is done where nobody asks.
 */
export class WholeAnswer extends Response {
  readonly #given: Given;
  #headers: Headers | undefined;

  /** @param headers with names in lower case */
  constructor(status: number, headers: Readonly<Record<string, string>>, bytes: Uint8Array<ArrayBuffer>) {
    super(bytes, { status });
    this.#given = { headers, bytes };
  }

  override get headers(): Headers {
    return this.#headers ??= new Headers(this.#given.headers);
  }

  /** What it was made of; with the headers as they are now, where somebody has had them in hand. */
  get asGiven(): Given {
    if (this.#headers === undefined) return this.#given;
    return { headers: Object.fromEntries(this.#headers), bytes: this.#given.bytes };
  }
}
