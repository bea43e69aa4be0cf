import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { browser, openPage } from "./browser.ts";
import { bundle } from "./bundle.ts";
import { runSuite } from "./clients/sdk_suite.ts";
import { TestCluster } from "./cluster.ts";
import { when } from "./when.ts";

const MIB = 1024 * 1024;

Deno.test("the client", async (t) => {
  await using cluster = await TestCluster.start(3);
  const gateways = [await cluster.addGateway(), await cluster.addGateway()];

  await t.step("every function on Deno", () => runSuite(gateways, "deno"));

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
        const sent = await call<number>("sendSome", 9 * MIB);
        await page.reload();
        const { resumed, size } = await call<{ resumed: number; size: number }>("sendAll");
        assert.ok(resumed >= sent && resumed < 12 * MIB, `${resumed} after ${sent}`);
        assert.equal(size, 24 * MIB);
        // Refusals that the suite asks for are answers with an error's status, which the browser remarks on.
        assert.deepEqual(problems.filter((text) => !/status of 4\d\d/.test(text)), []);
      } finally {
        await close();
      }
    },
  });
});
