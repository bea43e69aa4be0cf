/** Daemons that are killed or stop. */
import { during } from "../during.ts";
import { ALWAYS, type Row } from "../row.ts";

/** See above. */
export const DAEMON_ROWS: readonly Row[] = [
  {
    number: 7,
    name: "a daemon is killed",
    inject: "SIGKILL",
    expect: "no call fails: the chunk moves to another server or is repaired later, reads take parity",
    phases: ALWAYS,
    quick: ["uploading", "downloading"],
    run: (stage, phase) => {
      const victim = stage.daemon(1);
      return during(stage, phase, { inject: () => victim.kill(), heal: () => victim.restart() });
    },
  },
  {
    number: 11,
    name: "a daemon stops answering, and its process and connections stay",
    inject: "SIGSTOP",
    expect: "no call fails; progress is missed within 2 s",
    phases: ALWAYS,
    quick: ["uploading"],
    run: (stage, phase) => {
      const victim = stage.daemon(2);
      return during(stage, phase, { inject: () => victim.stop(), heal: () => victim.go() });
    },
  },
];
