/** API keys and signed links that have ended, were forged, reach elsewhere, or may something else. */
import { formatApiKey } from "../../../shared/api_key.ts";
import { type Asked, KeyHolder, partsOf } from "../key_holder.ts";
import { check, type Row } from "../row.ts";

const MIB = 1024 * 1024;
const PIECES = 4;
const EVERYTHING = ["read", "write", "delete"];

function mustBe(what: string, { status, text }: Asked, right: number): void {
  check(status === right, `${what}: ${status}, not ${right}: ${text.slice(0, 200)}`);
}

/** An upload whose key ends when half of it is there. */
async function endBetween(holder: KeyHolder, how: "revoked" | "expired"): Promise<void> {
  const key = await holder.make(EVERYTHING, ["own/"], how === "expired" ? 4 : 0);
  const body = JSON.stringify({ bucket: "own", key: `parts-${how}`, size: MIB });
  const { id } = JSON.parse((await holder.rest("POST", "/v1/uploads", key, body)).text);
  mustBe("a part", await holder.rest("PUT", `/v1/uploads/${id}/parts/0`, key, new Uint8Array(MIB)), 200);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const put = holder.rest("PUT", `/v1/files/own/late-${how}`, key, readable);
  const piece = new Uint8Array(MIB).fill(1);
  for (let i = 0; i < PIECES; i++) await writer.write(piece);
  await (how === "revoked" ? holder.revoke(key) : holder.ended(key));
  for (let i = 0; i < PIECES; i++) await writer.write(piece);
  await writer.close();
  mustBe(`a file whose key has been ${how} meanwhile`, await put, 401);
  mustBe("its name", await holder.rest("GET", `/v1/files/own/late-${how}`, holder.admin), 404);
  mustBe(`the end of an upload whose key is ${how}`, await holder.rest("POST", `/v1/uploads/${id}/complete`, key), 401);
  mustBe("its name", await holder.rest("GET", `/v1/files/own/parts-${how}`, holder.admin), 404);
  await refused(holder, how, key);
  mustBe(`a link of a key that is ${how}`, await holder.rest("GET", holder.link(key, {}), ""), 401);
}

/** Nothing may be done with this key. */
async function refused(holder: KeyHolder, what: string, key: string): Promise<void> {
  for (const method of ["GET", "PUT", "DELETE"]) {
    const body = method === "PUT" ? "x" : undefined;
    mustBe(`${method} with a key that is ${what}`, await holder.rest(method, "/v1/files/own/a", key, body), 401);
  }
  mustBe(`an RPC with a key that is ${what}`, await holder.rpc("FileService/ListFiles", key, { bucket: "own" }), 401);
}

async function wrongRights(holder: KeyHolder): Promise<void> {
  const may = {
    read: () => ["GET", "/v1/files/own/a"] as const,
    write: () => ["PUT", "/v1/files/own/w", "x"] as const,
    delete: () => ["DELETE", "/v1/files/own/w"] as const,
    observe: () => ["GET", "/metrics"] as const,
  };
  for (const right of Object.keys(may)) {
    const key = await holder.make([right]);
    for (const [need, request] of Object.entries(may)) {
      const [method, path, body] = request();
      const answer = await holder.rest(method, path, key, body);
      if (need !== right) mustBe(`${method} ${path} with ${right} alone`, answer, 403);
      else check(answer.status < 300, `${method} ${path} with ${right}: ${answer.status}`);
    }
    mustBe(`a key from a key with ${right} alone`, await holder.rpc("KeyService/CreateKey", key, { name: "y" }), 403);
  }
}

async function foreign(holder: KeyHolder, key: string): Promise<void> {
  const body = JSON.stringify({ bucket: "foreign", key: "u", size: 4 });
  const { id } = JSON.parse((await holder.rest("POST", "/v1/uploads", holder.admin, body)).text);
  mustBe("a part", await holder.rest("PUT", `/v1/uploads/${id}/parts/0`, holder.admin, "abcd"), 200);
  for (const one of [id, crypto.randomUUID()]) {
    mustBe("a foreign upload", await holder.rest("GET", `/v1/uploads/${one}`, key), 404);
    mustBe("a part of it", await holder.rest("PUT", `/v1/uploads/${one}/parts/0`, key, "evil"), 404);
    mustBe("its end", await holder.rest("POST", `/v1/uploads/${one}/complete`, key), 404);
  }
  for (const path of ["/v1/files/foreign/a", "/v1/files/absent/a"]) {
    for (const method of ["GET", "PUT", "DELETE"]) {
      mustBe(`${method} ${path}`, await holder.rest(method, path, key, method === "PUT" ? "x" : undefined), 404);
    }
  }
  mustBe("a foreign link", await holder.rest("GET", holder.link(key, { bucket: "foreign" }), ""), 404);
  mustBe("the upload's end by its owner", await holder.rest("POST", `/v1/uploads/${id}/complete`, holder.admin), 200);
  const { text } = await holder.rest("GET", "/v1/files/foreign/u", holder.admin);
  check(text === "abcd", `somebody else's upload has become ${text}`);
}

async function links(holder: KeyHolder, key: string): Promise<void> {
  const good = holder.link(key, {});
  mustBe("a good link", await holder.rest("GET", good, ""), 200);
  mustBe("a link for GET, put", await holder.rest("PUT", good, "", "x"), 401);
  mustBe("a link that is over", await holder.rest("GET", holder.link(key, {}, -1), ""), 401);
  const later = good.replace(/expires=\d+/, (text) => `${text}0`);
  mustBe("a link made longer", await holder.rest("GET", later, ""), 401);
  mustBe("a link for another file", await holder.rest("GET", good.replace("/own/a?", "/own/b?"), ""), 401);
  mustBe(
    "a link without its signature",
    await holder.rest("GET", good.replace(/signature=\S+/, "signature="), ""),
    401,
  );
  const reader = await holder.make(["read"]);
  mustBe("a link beyond its key", await holder.rest("PUT", holder.link(reader, { method: "PUT" }), "", "x"), 403);
}

/** See above. */
export const KEY_ROWS: readonly Row[] = [
  {
    number: 75,
    name: "API keys and links that have ended, are forged, or somebody else's",
    inject:
      "keys that end while an upload of theirs runs, forged ones, ones with one right or another bucket; such links",
    expect: "401 at the start and before an upload is stored, 403 without the right, 404 for what is foreign",
    phases: ["once"],
    run: async () => {
      await using holder = await KeyHolder.open();
      for (const bucket of ["own", "foreign"]) {
        mustBe("a file", await holder.rest("PUT", `/v1/files/${bucket}/a`, holder.admin, new Uint8Array(MIB)), 201);
      }
      const key = await holder.make(EVERYTHING, ["own/"]);
      mustBe("a file with a key", await holder.rest("GET", "/v1/files/own/a", key), 200);
      await wrongRights(holder);
      await foreign(holder, key);
      for (const how of ["revoked", "expired"] as const) await endBetween(holder, how);
      await links(holder, key);
      await refused(holder, "none", "");
      const { id, secret } = partsOf(key);
      secret[31] = (secret[31] ?? 0) ^ 1;
      await refused(holder, "forged", formatApiKey({ id, secret }));
      await refused(holder, "unknown", formatApiKey({ id: "f".repeat(16), secret }));
      await holder.settle();
      mustBe("the file in the end", await holder.rest("GET", "/v1/files/own/a", key), 200);
    },
  },
];
