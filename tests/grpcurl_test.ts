import assert from "node:assert/strict";
import { dirname } from "node:path";
import { ROOT } from "../scripts/programs.ts";
import { TestCluster, TOKEN } from "./cluster.ts";
import { goTool } from "../scripts/tools.ts";
import { when } from "./when.ts";

const grpcurl = await goTool("grpcurl", ["-version"], "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3");

Deno.test({
  ...when(
    grpcurl !== undefined,
    "it needs grpcurl, or Go to build it",
    "grpcurl, with the proto alone and the commands of docs/daemon-by-hand.md",
  ),
  async fn() {
    await using cluster = await TestCluster.start(1);
    const text = await Deno.readTextFile(`${ROOT}docs/daemon-by-hand.md`);
    const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, code = ""]) => code);
    assert.equal(blocks.length, 2);
    // The page's exports name the address and token of npm start; here they are the test's.
    const script = `set -e\n${blocks.join("\n").replace(/^export .*\n/gm, "")}`;
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd: ROOT,
      env: {
        TOKEN,
        DAEMON: cluster.daemons[0]?.grpc ?? "",
        PATH: `${dirname(grpcurl ?? "")}:${Deno.env.get("PATH") ?? ""}`,
      },
    }).output();
    const decoder = new TextDecoder();
    assert.ok(success, decoder.decode(stderr));
    const answers: Record<string, unknown>[] = JSON.parse(`[${decoder.decode(stdout).replaceAll(/\}\s*\{/g, "},{")}]`);
    const [put, get, stat, verify, remove] = answers;
    assert.equal(put?.["length"], "11");
    assert.equal(get?.["data"], "aGVsbG8gd29ybGQ=");
    assert.equal(stat?.["sha256"], put?.["sha256"]);
    assert.equal(verify?.["intact"], true);
    assert.equal(remove?.["existed"], true);
  },
});
