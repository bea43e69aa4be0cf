/** What Prometheus reads of a process itself: its memory, its CPU time, and whether its event loop keeps up. */
import process from "node:process";
import { gauge, histogram, observe, total } from "./telemetry_metrics.ts";
import type { Uncaught } from "./uncaught.ts";

const memory = gauge({ name: "process.memory.usage", unit: "By", about: "Resident memory." });
const cpu = total({
  name: "process.cpu.time",
  unit: "s",
  about: "CPU time.",
  attributes: ["cpu.mode"],
});
const uptime = gauge({ name: "process.uptime", unit: "s", about: "Time since the start." });
const delay = histogram({
  name: "sixfold.event_loop.delay",
  unit: "s",
  about: "How much too late a timer came, looked at twice a second.",
});
const uncaughtErrors = total({
  name: "sixfold.uncaught",
  unit: "{error}",
  about: "Errors that no code has caught: mistakes in Sixfold.",
});

const LOOK_MS = 500;

/** Tells of this process from now on. */
export function observeProcess(uncaught: Uncaught): void {
  observe([memory, cpu, uptime, uncaughtErrors], (tell) => {
    const { user, system } = process.cpuUsage();
    tell(memory, process.memoryUsage.rss());
    tell(cpu, user / 1e6, { "cpu.mode": "user" });
    tell(cpu, system / 1e6, { "cpu.mode": "system" });
    tell(uptime, process.uptime());
    tell(uncaughtErrors, uncaught.count);
  });
  let due = performance.now() + LOOK_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    delay(Math.max(0, now - due) / 1000);
    due = now + LOOK_MS;
  }, LOOK_MS);
  // Numbers alone keep no process up.
  timer.unref();
}
