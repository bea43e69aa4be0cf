/** A connection that sends one request after the other. */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { AnswerParser } from "./answer_parser.ts";
import { SocketAnswer } from "./socket_answer.ts";

/** A request as it is sent. */
export interface SentRequest {
  readonly method: string;
  /** The whole head, with the empty line at its end. */
  readonly head: string;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One at a time: its answer has ended, and its body was sent, before there is room for the next. */
export class HttpConnection {
  #turn: { readonly parser: AnswerParser; readonly fail: (error: Error) => void } | undefined;

  /** @param free is told whenever the connection takes another request */
  constructor(readonly socket: Socket, readonly free: (connection: HttpConnection) => void) {
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer<ArrayBuffer>) => {
      try {
        if (this.#turn === undefined) throw new Error("the server speaks without being asked");
        this.#turn.parser.push(bytes);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("end", () => {
      try {
        this.#turn?.parser.close();
        socket.destroy();
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on("error", (error) => this.#turn?.fail(error));
    socket.on("close", () => this.#turn?.fail(new Error("the connection was closed")));
  }

  /** Sends a request. @returns its answer as soon as its head is there @throws Error of the connection */
  exchange({ method, head, body, signal }: SentRequest): Promise<SocketAnswer> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      let answer: SocketAnswer | undefined;
      let isSent = !(body instanceof ReadableStream);
      const stop = () => socket.destroy(Error("the call was ended", { cause: signal?.reason }));
      const over = () => {
        signal?.removeEventListener("abort", stop);
        this.#turn = undefined;
      };
      const parser = new AnswerParser(method, {
        head: (head) => resolve(answer = new SocketAnswer(head, socket)),
        piece: (bytes) => answer?.add(bytes),
        end: (reusable) => {
          answer?.end();
          over();
          // What is still to be sent of the body, nobody wants.
          if (reusable && isSent && socket.writableLength === 0) this.free(this);
          else socket.destroy();
        },
      });
      this.#turn = {
        parser,
        fail: (error) => {
          over();
          answer?.fail(error);
          reject(error);
        },
      };
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop);
      if (body instanceof ReadableStream) {
        socket.write(head, "latin1");
        sendStream(socket, body).then(() => isSent = true, (error) => socket.destroy(error));
      } else if (body === undefined || body.length === 0) socket.write(head, "latin1");
      else {
        socket.cork();
        socket.write(head, "latin1");
        socket.write(body);
        socket.uncork();
      }
    });
  }
}

async function sendStream(socket: Socket, body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const piece of body) {
    if (socket.destroyed) return;
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const over = () => {
        socket.off("drain", over).off("close", over);
        resolve();
      };
      socket.on("drain", over).on("close", over);
    });
  }
}
