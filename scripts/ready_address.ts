/**
 * Waits for the last line of `npm start`. Nobody reads on then: a pipe that fills up would stop who writes to it.
 * @param output what it writes
 * @returns where its gateway is
 * @throws Error when it ends before
 */
export async function readyAddress(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let said = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    said += text;
    const address = /^Sixfold is ready at (http:\/\/127\.0\.0\.1:\d+)\n$/m.exec(said)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`npm start ended before it was ready: ${said}`);
}
