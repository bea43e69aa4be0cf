/** The page of the browser test: Connect's own web client, with both of its protocols. */
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { converse } from "./conversation.ts";

const baseUrl = globalThis.location.origin;
Object.assign(globalThis, {
  runConnect: () => converse(createConnectTransport({ baseUrl }), "browser-connect"),
  runGrpcWeb: () => converse(createGrpcWebTransport({ baseUrl }), "browser-grpc-web"),
});
