import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { browser, openPage } from "../scripts/browser.ts";
import { bundle } from "../scripts/bundle.ts";
import { createClient, type SixfoldClient } from "../client/mod.ts";
import { TcpProxy } from "../scripts/faults/tcp_proxy.ts";
import { pattern, runSuite } from "./clients/sdk_suite.ts";
import { TestCluster } from "./cluster.ts";
import { when } from "./when.ts";

const MIB = 1024 * 1024;
/** What changes keys, servers and the database: tests of these, of the command and of the console call it. */
const ELSEWHERE = [
  ...["create", "list", "revoke"].map((name) => `keys.${name}`),
  ...["rebalance", "drain", "removeServer", "pause", "resume", "stop"].map((name) => `moves.${name}`),
  ...["confirm", "allow"].map((name) => `database.${name}`),
];

/** A client that remembers which of its functions were called. */
function recorded(client: SixfoldClient) {
  const names = new Set<string>();
  const wrap = (calls: object, before = ""): unknown =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => {
        if (typeof call !== "function") return [name, wrap(call, `${before}${name}.`)];
        names.add(before + name);
        return [name, (...args: unknown[]) => {
          names.delete(before + name);
          return call(...args);
        }];
      }),
    );
  return { client: wrap(client) as SixfoldClient, uncalled: () => [...names] };
}

Deno.test("the client", async (t) => {
  await using cluster = await TestCluster.start(3);
  const gateways = [await cluster.addGateway(), await cluster.addGateway()];

  await t.step("every function on Deno", async () => {
    const { client, uncalled } = recorded(createClient({ gateways }));
    await runSuite(gateways, "deno", client);
    assert.deepEqual(uncalled(), ELSEWHERE);
  });

  await t.step("every function on Node and Bun", async () => {
    const program = await Deno.makeTempFile({ suffix: ".mjs" });
    try {
      await Deno.writeTextFile(program, await bundle("tests/clients/sdk_program.ts", "node"));
      for (const [runtime, bucket] of [["node", "node"], [Deno.env.get("SIXFOLD_BUN") ?? "bun", "bun"]] as const) {
        const args = [program, gateways.join(), bucket];
        const { success, stderr } = await new Deno.Command(runtime, { args }).output();
        assert.ok(success, `${bucket}: ${new TextDecoder().decode(stderr)}`);
      }
    } finally {
      await Deno.remove(program);
    }
  });

  await t.step("what a browser loads is small", async () => {
    const bytes = gzipSync(await bundle("client/mod.ts", "browser", true)).length;
    assert.ok(bytes < 60 * 1024, `${bytes} bytes compressed`);
  });

  await t.step({
    ...when(
      browser !== undefined,
      "it needs Chromium",
      "every function in Chromium, and a reload in the middle of an upload",
    ),
    async fn() {
      const script = await bundle("tests/clients/sdk_page.ts", "browser");
      const { page, problems, close } = await openPage(gateways[0] ?? "", script);
      const call = <T>(name: string, value?: number): Promise<T> =>
        page.evaluate(([name, value]) => Reflect.get(globalThis, String(name))(value), [name, value] as const);
      try {
        await call("runSuite");
        const sent = await call<number>("sendSome", 3 * MIB);
        await page.reload();
        const { resumed, size } = await call<{ resumed: number; size: number }>("sendAll");
        assert.ok(resumed >= sent && resumed < 6 * MIB, `${resumed} after ${sent}`);
        assert.equal(size, 10 * MIB);
        // Refusals that the suite asks for are answers with an error's status, which the browser remarks on.
        assert.deepEqual(problems.filter((text) => !/status of 4\d\d/.test(text)), []);
      } finally {
        await close();
      }
    },
  });

  await t.step(
    "what a run that was stopped had on its way arrives late, cut otherwise, and is gone around",
    async () => {
      const [gateway = ""] = gateways;
      const bytes = pattern(24 * MIB);
      const known = new Map<string, string>();
      let late = false;
      const client = createClient({
        gateways: [gateway],
        async fetch(address, init) {
          if (!late && /\/parts\/\d+$/.test(address)) {
            late = true;
            const place = `${gateway}/v1/uploads/${[...known.values()][0]}/parts/${2 * MIB}`;
            const { body, status } = await fetch(place, { method: "PUT", body: bytes.slice(2 * MIB, 9 * MIB) });
            await body?.cancel();
            assert.equal(status, 200);
          }
          return await fetch(address, init);
        },
      });
      const resume = {
        get: (name: string) => Promise.resolve(known.get(name)),
        set: (name: string, id: string) => Promise.resolve(void known.set(name, id)),
        delete: (name: string) => Promise.resolve(void known.delete(name)),
      };
      const film = new File([bytes], "film");
      assert.equal(
        (await client.upload(film, { bucket: "late", key: "film", partSize: 4 * MIB, resume })).size,
        film.size,
      );
      assert.ok(late);
      assert.deepEqual(await (await client.download("late", "film")).bytes(), bytes);
    },
  );

  await t.step("an upload goes on through the other gateway after a cut, and after a kill", async () => {
    const [first = "", second = ""] = gateways;
    await using proxy = await TcpProxy.open(first.replace("http://", ""));
    const bytes = pattern(64 * MIB);
    let tried = 0;
    const client = createClient({
      gateways: [`http://${proxy.address.replace("http://", "")}`, second],
      fetch(address, init) {
        tried += init.body instanceof Uint8Array ? init.body.length : 0;
        return fetch(address, init);
      },
    });
    let harm = 0;
    const onProgress = ({ sent }: { sent: number }) => {
      if (harm === 0 && sent > 16 * MIB) {
        harm = 1;
        proxy.cut();
      } else if (harm === 1 && sent > 40 * MIB) {
        harm = 2;
        proxy.heal();
        cluster.gateways[1]?.kill("SIGKILL");
      }
    };
    const stored = await client.upload(bytes, { bucket: "cut", key: "film", partSize: 4 * MIB, onProgress });
    assert.equal(stored.size, bytes.length);
    assert.equal(harm, 2);
    // Four parts on their way are lost by each harm, and no more.
    assert.ok(tried <= bytes.length + 2 * 4 * 4 * MIB, `${tried} of ${bytes.length} bytes`);
    assert.deepEqual(await (await client.download("cut", "film")).bytes(), bytes);
  });
});
