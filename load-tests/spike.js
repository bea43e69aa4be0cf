// A spike: 4 clients, for the middle third of the time 200, then 4 again. Who is turned away must be told when to come
// back, nobody may get a wrong answer, and after the spike everything must be as before.
import { setup, step } from "./mix.js";
import { reportOf } from "./report.js";
import { planOf, secondsOf } from "./traffic.js";

const seconds = secondsOf("90s");
const third = seconds / 3;
const clients = (vus, startTime, duration) => ({
  executor: "constant-vus",
  vus,
  startTime: `${Math.ceil(startTime)}s`,
  duration: `${Math.ceil(duration)}s`,
});

export const options = planOf(
  seconds,
  {
    steady: clients(4, 0, seconds),
    spike: clients(196, third, third),
    after: { ...clients(4, 2.2 * third, 0.8 * third), exec: "after" },
  },
  { "http_req_duration{scenario:after}": ["p(95)<5000"], "http_req_failed{scenario:after}": ["rate==0"] },
);
export const handleSummary = reportOf("spike", seconds);
export { setup };
export default step;

export function after(groups) {
  step(groups);
}
