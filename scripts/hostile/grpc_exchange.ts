/** The same for native gRPC: a call on a session of its own, or bytes that are no HTTP/2. */
import { connect } from "node:http2";
import { connect as connectSocket } from "node:net";
import type { Random } from "../faults/random.ts";
import type { Answer, OddRequest } from "./exchange.ts";
import { noise } from "./oddities.ts";

const STUCK_MS = 30_000;
const LEAVE_MS = 50;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** What a client's own library takes in a field. */
const FIELD = /^[\x20-\x7e]*$/;

/** Makes a call and waits for its end. */
export async function callGrpc(address: string, { method, target, headers, body }: OddRequest): Promise<Answer> {
  const session = connect(`http://${address}`);
  const answer = { status: 0, text: "", stuck: false };
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => (answer.stuck = true, resolve()), STUCK_MS);
    const end = () => (clearTimeout(timer), resolve());
    session.on("error", end);
    session.on("close", end);
    const fields = headers.filter(([, value]) => FIELD.test(value) && value === value.trim());
    const stream = session.request({ ...Object.fromEntries(fields), ":method": method, ":path": target });
    const tell = (fields: object) => {
      for (const [name, value] of Object.entries(fields)) answer.text += `${name}: ${value}\r\n`;
    };
    stream.on("response", (fields) => (answer.status = Number(fields[":status"]), tell(fields)));
    stream.on("trailers", tell);
    stream.on("error", end);
    stream.on("close", end);
    stream.resume();
    stream.end(body);
  });
  session.destroy();
  return answer;
}

/** Sends noise where frames are expected, and leaves. What comes back is no answer to anything. */
export async function sendNoise(address: string, random: Random): Promise<Answer> {
  const [host = "", port] = address.split(":");
  await new Promise<void>((resolve) => {
    const socket = connectSocket(Number(port), host);
    socket.write(random.next() < 0.7 ? PREFACE : "GET / HTTP/1.1\r\n\r\n");
    socket.write(noise(random, 300));
    const timer = setTimeout(() => socket.destroy(), LEAVE_MS);
    socket.resume();
    socket.on("error", () => {});
    socket.on("close", () => (clearTimeout(timer), resolve()));
  });
  return { status: 0, text: "", stuck: false };
}
