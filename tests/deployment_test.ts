/** What containers, Kubernetes and systemd are told to run is what there is. */
import assert from "node:assert/strict";
import { type Document, parse, parseAllDocuments } from "yaml";
import { GATEWAY_SETTINGS } from "../gateway/config.ts";
import { DAEMON_SETTINGS } from "../node-daemon/config.ts";
import { gatewayFlags } from "../scripts/gateway_flags.mjs";
import { ROOT } from "../scripts/programs.ts";

const read = (path: string) => Deno.readTextFileSync(ROOT + path);

/** The names of settings in a text, whichever way it gives them to a process. */
function settingsIn(text: string): string[] {
  const named = text.matchAll(/\b(SIXFOLD_[A-Z_]+|DATABASE_URL(?:_FILE)?)(?=[:=]|, value|\n\s+valueFrom)/g);
  return [...new Set([...named].map(([, name = ""]) => name))];
}

function mustBeSettings(text: string, schema: object, where: string): void {
  const names = settingsIn(text);
  assert.ok(names.length > 0, where);
  for (const name of names) assert.ok(name in schema || name.replace(/_FILE$/, "") in schema, `${where}: ${name}`);
}

Deno.test("compose.yaml: six daemons on their ports, with settings that there are", () => {
  const { services } = parse(read("compose.yaml"), { merge: true });
  for (let n = 1; n <= 6; n++) {
    const { environment, volumes } = services[`daemon-${n}`];
    assert.deepEqual([environment.SIXFOLD_GRPC_PORT, environment.SIXFOLD_HTTP_PORT], [`5005${n}`, `5105${n}`]);
    assert.ok(volumes.includes(`daemon-${n}:/data`));
    mustBeSettings(Object.keys(environment).map((name) => `${name}:`).join("\n"), DAEMON_SETTINGS, `daemon-${n}`);
  }
  const { environment } = services.gateway;
  assert.equal(environment.SIXFOLD_PORT, "8080");
  mustBeSettings(Object.keys(environment).map((name) => `${name}:`).join("\n"), GATEWAY_SETTINGS, "gateway");
  for (
    const [name, { read_only, cap_drop, user, healthcheck, mem_limit }] of Object.entries<Record<string, unknown>>(
      services,
    )
  ) {
    assert.deepEqual([read_only, cap_drop], [true, ["ALL"]], name);
    assert.ok(mem_limit !== undefined || name === "key", `${name} has no limit`);
    assert.ok(user !== "0:0" || name === "init", `${name} runs as root`);
    assert.ok(healthcheck !== undefined || !/^(gateway|postgres|daemon-.)$/.test(name), `${name} has no health check`);
  }
});

Deno.test("the gateway's image runs it with the rights that it has everywhere", () => {
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(read("gateway/Dockerfile"))?.[1] ?? "");
  const files = { DATABASE_URL_FILE: "/secrets/x", SIXFOLD_TLS_CERT_FILE: "/tls/x" };
  assert.deepEqual(entry, ["deno", "run", ...gatewayFlags("/app/", files), "/app/gateway/main.ts"]);
});

/** What is wrong with resources by the types of Kubernetes' own API, which know each field and no other; "" for nothing. */
async function typeFaults(resources: readonly { kind: string; apiVersion: string }[]): Promise<string> {
  const source = resources.map(({ kind, apiVersion }, i) => {
    const [version = "", group = "core"] = apiVersion.split("/").reverse();
    const module = `${ROOT}node_modules/kubernetes-types/${group.replace(/\.k8s\.io$/, "")}/${version}.d.ts`;
    return `import type { ${kind} as Kind${i} } from "${module}";
      export const resource${i}: Kind${i} = ${JSON.stringify(resources[i])};`;
  });
  const folder = await Deno.makeTempDir({ prefix: "sixfold-manifests-" });
  try {
    await Deno.writeTextFile(`${folder}/manifests.ts`, source.join("\n"));
    const options = ["--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext", "--types", ""];
    const args = [...options, `${folder}/manifests.ts`];
    const { stdout } = await new Deno.Command(`${ROOT}node_modules/.bin/tsc`, { args }).output();
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Kubernetes: the manifests are of the types of its API, and name settings that there are", async () => {
  const { resources } = parse(read("docs/kubernetes/kustomization.yaml"));
  const files = resources.map((name: string) => parseAllDocuments(read(`docs/kubernetes/${name}`)));
  const all = files.flat().map((document: Document) => document.toJS());
  assert.ok(all.length >= 8, `${all.length} resources`);
  assert.equal(await typeFaults(all), "");
  assert.match(await typeFaults([{ ...all.at(-1), specs: {} }]), /'"?specs"?' does not exist in type 'NetworkPolicy'/);
  mustBeSettings(read("docs/kubernetes/gateway.yaml"), GATEWAY_SETTINGS, "gateway.yaml");
  mustBeSettings(
    read("docs/kubernetes/daemon.yaml").replaceAll("name: SIXFOLD", "SIXFOLD"),
    DAEMON_SETTINGS,
    "daemon.yaml",
  );
  for (const schema of [GATEWAY_SETTINGS, DAEMON_SETTINGS]) {
    mustBeSettings(read("docs/kubernetes/secret.env.example"), schema, "secret.env");
  }
  mustBeSettings(read("docs/kubernetes/gateway.env.example"), GATEWAY_SETTINGS, "gateway.env");
});

Deno.test("systemd: the units name settings that there are", () => {
  mustBeSettings(read("docs/systemd/sixfold-daemon@.service"), DAEMON_SETTINGS, "sixfold-daemon@.service");
});
