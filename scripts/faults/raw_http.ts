/** HTTP by hand, for clients that do what no library would. */
import { connect, type Socket } from "node:net";

/** What came back until the server closed the connection. */
export interface RawAnswer {
  /** 0 where no status came. */
  readonly status: number;
  readonly text: string;
  readonly seconds: number;
}

/** Writes pieces to an address, with a pause after each, and reads until the other side closes. */
export async function talk(url: string, pieces: Iterable<string | Uint8Array>, pauseMs = 0): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const began = performance.now();
  let text = "";
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname);
    const iterator = pieces[Symbol.iterator]();
    const step = () => {
      const next = iterator.next();
      if (!next.done && !socket.destroyed) socket.write(next.value, () => setTimeout(step, pauseMs));
    };
    socket.on("connect", step);
    socket.on("data", (data) => text += String(data));
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  return { status, text, seconds: (performance.now() - began) / 1000 };
}

/** Asks for a file and then takes nothing. Destroy the socket. */
export async function askAndStall(url: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.pause();
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}
