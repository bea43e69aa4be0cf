/** What containers, Kubernetes and systemd are told to run is what there is. */
import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
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

Deno.test("Kubernetes: the manifests parse, and name settings that there are", () => {
  for (const { name } of Deno.readDirSync(`${ROOT}docs/kubernetes`)) {
    if (!name.endsWith(".yaml")) continue;
    for (const { errors } of parseAllDocuments(read(`docs/kubernetes/${name}`))) assert.deepEqual(errors, [], name);
  }
  const { resources } = parse(read("docs/kubernetes/kustomization.yaml"));
  for (const name of resources) assert.ok(read(`docs/kubernetes/${name}`).includes("kind:"));
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
