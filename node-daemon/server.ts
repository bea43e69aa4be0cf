/** The daemon's doors: native gRPC on one port; Connect, gRPC-Web and the admin pages on another. */
import { type ConnectRouter, createConnectRouter, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { constants, createSecureServer, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Certificate } from "../shared/certificate.ts";
import { SixfoldError } from "../shared/errors.ts";
import { REQUEST_ID_HEADER, withRequestId } from "../shared/request_id.ts";
import { fetchHandler, SERVER_LIMITS } from "../shared/rpc.ts";
import type { Admin } from "./admin.ts";
import type { Lane } from "./chunk_lane.ts";
import { GrpcConnections } from "./grpc_connections.ts";
import type { GrpcLane } from "./grpc_lane.ts";
import { type HttpDoor, openHttpDoor } from "./http_door.ts";

/** What a call may last after its answer, in ms, so that the answer is read before the end is heard. */
const REFUSED_MS = 1000;

/** Open doors. */
export interface Doors {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Takes another certificate for connections that are still to come. */
  renew(certificate: Certificate): void;
  /** Takes no new calls, lets running ones finish for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** What the doors lead to. */
export interface DoorOptions {
  readonly host: string;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** For TLS on both; undefined for plain text. */
  readonly certificate: Certificate | undefined;
  readonly routes: (router: ConnectRouter) => void;
  readonly interceptors: Interceptor[];
  /** Take the calls that move bytes before Connect does. */
  readonly lane: Lane;
  readonly grpcLane: GrpcLane;
  readonly admin: Admin;
}

/**
 * Opens both doors.
 * @throws SixfoldError `failed_precondition` when a port is taken
 */
export async function openDoors(options: DoorOptions): Promise<Doors> {
  const { routes, interceptors } = options;
  const identify: Interceptor = (next) => (call) => withRequestId(call.header.get(REQUEST_ID_HEADER), () => next(call));
  // Connect's server never listens: it is handed the streams that the lane leaves, and in the turn in which they come, for
  // Bun does not keep the end of a request without a body until somebody listens.
  const limits = { ...SERVER_LIMITS, connect: false, grpcWeb: false };
  const rest = createServer(connectNodeAdapter({ routes, interceptors: [identify, ...interceptors], ...limits }));
  const secure = options.certificate && createSecureServer(options.certificate);
  const grpc = secure ?? createServer();
  const connections = new GrpcConnections(grpc);
  grpc.on("stream", (stream, fields, ...more) => {
    if (!connections.admit(stream)) return;
    endWithAnswer(stream);
    if (!options.grpcLane(stream, fields)) rest.emit("stream", stream, fields, ...more);
  });
  const grpcPort = await listen(grpc, options.host, options.grpcPort);
  const router = createConnectRouter({ interceptors, ...SERVER_LIMITS, grpc: false });
  routes(router);
  const rpc = fetchHandler(router);
  let http: HttpDoor;
  try {
    http = openHttpDoor({
      host: options.host,
      port: options.httpPort,
      certificate: options.certificate,
      async answer(request, lasts) {
        const given = request.headers.get(REQUEST_ID_HEADER);
        const answer = withRequestId(given, () => options.lane(request) ?? rpc(request));
        if (answer === undefined) return await options.admin(request);
        // A slow hop is not a dead one: the gateway's own clock ends a call that makes no progress.
        lasts();
        const response = await answer;
        // Bun gives a body that is a file a time of its own when it begins to send it.
        setImmediate(lasts);
        return response;
      },
    });
  } catch (error) {
    grpc.close();
    throw portTaken(error, options.httpPort);
  }
  return {
    grpcPort,
    httpPort: http.port,
    renew(certificate) {
      secure?.setSecureContext(certificate);
      http.renew(certificate);
    },
    async close(graceMs) {
      await Promise.all([connections.close(graceMs), http.close(graceMs)]);
    },
  };
}

/**
 * Ends a call a moment after its answer, though the caller may have sent only a part of the request: who was refused often
 * sends neither the rest nor word that it does not come, and such a call would stay open as long as its connection.
 */
function endWithAnswer(stream: ServerHttp2Stream): void {
  stream.once("finish", () => {
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), REFUSED_MS);
    stream.once("close", () => clearTimeout(timer));
  });
}

async function listen(server: Http2Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(portTaken(error, port)));
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function portTaken(error: unknown, port: number): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "EADDRINUSE") return error;
  return new SixfoldError("failed_precondition", `port ${port} is taken; stop its owner or choose another port`, {
    cause: error,
  });
}
