/** Does what a schedule says to a stage, and undoes it. */
import { endPostgres, pausePostgres, startPostgresAgain } from "../faults/postgres_faults.ts";
import { fillDisk } from "../faults/fill_disk.ts";
import type { Stage } from "../faults/stage.ts";
import type { Harm } from "./schedule.ts";

/** Undoes a harm. */
export type Undo = () => Promise<void>;

/** @param canFill whether each daemon has a small disk of its own; otherwise a disk that should be filled is cut off */
export async function doHarm(stage: Stage, harm: Harm, canFill: boolean): Promise<Undo> {
  switch (harm.kind) {
    case "kill PostgreSQL":
      await endPostgres(stage, "SIGKILL");
      return () => startPostgresAgain(stage);
    case "restart PostgreSQL":
      await endPostgres(stage, "SIGQUIT");
      return () => startPostgresAgain(stage);
    case "stop PostgreSQL":
      await pausePostgres(stage, "SIGSTOP");
      return () => pausePostgres(stage, "SIGCONT");
    case "kill gateway":
    case "stop gateway":
      return await harmGateway(stage, harm.kind, harm.gateway);
    default:
      return await harmDaemon(stage, harm.kind, harm.daemon, canFill);
  }
}

async function harmGateway(stage: Stage, kind: "kill gateway" | "stop gateway", number: number): Promise<Undo> {
  const gateway = stage.gateways[number];
  if (gateway === undefined) throw new Error("there is no such gateway");
  if (kind === "stop gateway") {
    gateway.process.kill("SIGSTOP");
    return () => Promise.resolve(gateway.process.kill("SIGCONT"));
  }
  await stage.killGateway(gateway);
  return async () => void await stage.startGateway();
}

async function harmDaemon(
  stage: Stage,
  kind: "kill" | "stop" | "fill" | "cut" | "stall",
  number: number,
  canFill: boolean,
): Promise<Undo> {
  const daemon = stage.daemon(number);
  switch (kind) {
    case "kill":
      await daemon.kill();
      return () => daemon.start();
    case "stop":
      daemon.stop();
      return () => Promise.resolve(daemon.go());
    case "stall":
      daemon.proxy.stall();
      return () => Promise.resolve(daemon.proxy.heal());
    case "fill":
      if (canFill) {
        return await fillDisk(daemon.folder);
      }
      daemon.proxy.cut();
      return () => Promise.resolve(daemon.proxy.heal());
    case "cut":
      daemon.proxy.cut();
      return () => Promise.resolve(daemon.proxy.heal());
  }
}
