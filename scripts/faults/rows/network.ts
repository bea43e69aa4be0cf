/** What happens between a gateway and a daemon. */
import { during } from "../during.ts";
import { ALWAYS, type Row } from "../row.ts";

/** See above. */
export const NETWORK_ROWS: readonly Row[] = [
  {
    number: 23,
    name: "connections to a daemon are reset, and new ones too",
    inject: "a TCP proxy between gateways and daemon",
    expect: "no call fails",
    phases: ALWAYS,
    quick: ["uploading", "downloading"],
    run: (stage, phase) => {
      const { proxy } = stage.daemon(3);
      return during(stage, phase, { inject: () => proxy.cut(), heal: () => proxy.heal() });
    },
  },
  {
    number: 24,
    name: "connections to a daemon are taken, and nothing goes through",
    inject: "a TCP proxy between gateways and daemon",
    expect: "no call fails; progress is missed within 2 s",
    phases: ALWAYS,
    run: (stage, phase) => {
      const { proxy } = stage.daemon(4);
      return during(stage, phase, { inject: () => proxy.stall(), heal: () => proxy.heal() });
    },
  },
  {
    number: 26,
    name: "bits flip on the way",
    inject: "a TCP proxy flips a bit of about every 2 MiB, in both directions",
    expect: "no wrong byte is stored or handed on; no call fails",
    phases: ALWAYS,
    quick: ["uploading", "downloading"],
    run: (stage, phase) => {
      const { proxy } = stage.daemon(5);
      const inject = () => {
        proxy.flipUp = proxy.flipDown = 2 * 1024 * 1024;
      };
      return during(stage, phase, { inject, heal: () => proxy.heal() });
    },
  },
];
