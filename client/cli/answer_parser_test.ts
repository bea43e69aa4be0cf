import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { AnswerParser } from "./answer_parser.ts";

/** What a parser makes of a text that comes in pieces, and whether the connection takes another request. */
function read(text: string, cuts: readonly number[] = [], method = "GET", closed = false) {
  const told = { status: 0, headers: {}, body: "", reusable: undefined as boolean | undefined };
  const parser = new AnswerParser(method, {
    head: ({ status, headers }) => Object.assign(told, { status, headers: Object.fromEntries(headers) }),
    piece: (bytes) => told.body += Buffer.from(bytes).toString("latin1"),
    end: (reusable) => told.reusable = reusable,
  });
  const borders = [...new Set([0, ...cuts.map((cut) => cut % text.length), text.length])].sort((a, b) => a - b);
  borders.slice(1).forEach((end, i) => parser.push(Buffer.from(text.slice(borders[i], end), "latin1")));
  if (closed) parser.close();
  return told;
}

const ANSWERS = {
  "by its length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello",
  "in chunks":
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a: 1, 2\r\n\r\n2;why=no\r\nhe\r\n03\r\nllo\r\n0\r\nlate: x\r\n\r\n",
  "after others":
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nlink: x\r\n\r\nHTTP/1.1 200\r\ncontent-length:5\r\nx-a:1, 2\r\n\r\nhello",
};

test("an answer is the same wherever it is cut", () => {
  fc.assert(fc.property(fc.array(fc.nat()), (cuts) => {
    for (const [kind, text] of Object.entries(ANSWERS)) {
      const { status, headers, body, reusable } = read(text, cuts);
      assert.deepEqual([status, body, reusable, Object(headers)["x-a"]], [200, "hello", true, "1, 2"], kind);
    }
  }));
});

test("what has no body ends with its head, and what has no end ends with its connection", () => {
  assert.equal(read("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", [], "HEAD").reusable, true);
  assert.equal(read("HTTP/1.1 204 No Content\r\n\r\n").reusable, true);
  assert.equal(read("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").reusable, false);
  assert.equal(read("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").reusable, false);
  const open = "HTTP/1.1 200 OK\r\n\r\nhello";
  assert.equal(read(open).reusable, undefined);
  const { body, reusable } = read(open, [], "GET", true);
  assert.deepEqual([body, reusable], ["hello", false]);
});

test("what is no answer, or not all of one, is an error", () => {
  const bad = {
    "no answer": "HTTP/2 200 OK\r\n\r\n",
    "switching": "HTTP/1.1 101 Switching\r\n\r\n",
    "no name": "HTTP/1.1 200 OK\r\nwhat\r\n\r\n",
    "two lengths": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "length and chunks": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello",
    "an odd coding": "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello",
    "a chunk without length": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
    "a chunk that goes on": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
    "more than an answer": "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello!",
    "a head without end": `HTTP/1.1 200 OK\r\nx: ${"a".repeat(65_536)}`,
  };
  for (const [kind, text] of Object.entries(bad)) assert.throws(() => read(text), Error, kind);
  assert.throws(() => read("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", [], "GET", true), /ended before/);
  assert.throws(() => read("HTTP/1.1 200 OK\r\n", [], "GET", true), /ended before/);
});
