import assert from "node:assert/strict";
import { commandAs, ordinaryAccount } from "./ordinary_account.ts";

const DAC_READ_SEARCH = 2n;

/** Whether this process is a root that may hand on the right to go everywhere. */
function mayGrant(): boolean {
  const [, rights = "0"] = /^CapBnd:\s*(\S+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
  return Deno.uid() === 0 && (BigInt(`0x${rights}`) >> DAC_READ_SEARCH & 1n) === 1n;
}

Deno.test({
  name: "an ordinary account runs a program in a folder of root's alone, and writes only what is its own",
  ignore: Deno.build.os !== "linux" || !mayGrant(),
  async fn() {
    const closed = await Deno.makeTempDir({ prefix: "sixfold-closed-" });
    try {
      const [account, program, own] = [await ordinaryAccount(), `${closed}/program`, `${closed}/own`];
      assert.ok(account);
      await Deno.writeTextFile(program, `#!/bin/sh\nid -u; echo 1 > ${own}/a && cat ${own}/a; echo 2 > ${closed}/b`);
      await Deno.chmod(program, 0o755);
      await Deno.mkdir(own);
      await Deno.chown(own, account.uid, account.gid);
      const { stdout, stderr } = await (await commandAs(account, program, [], own)).output();
      const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(said, `${account.uid}\n1\n`);
      assert.match(complained ?? "", /\/b: Permission denied\n$/);
      await Deno.chmod(closed, 0o755);
      const open = await (await commandAs(account, "/bin/cat", ["/proc/self/status"], own)).output();
      assert.match(new TextDecoder().decode(open.stdout), /^CapEff:\s*0+$/m);
    } finally {
      await Deno.remove(closed, { recursive: true });
    }
  },
});
