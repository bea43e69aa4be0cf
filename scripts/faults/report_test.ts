import assert from "node:assert/strict";
import { pageOf, withFigure } from "./report.ts";

Deno.test("a figure takes the place of the one of its name, and the others stay whole however they were wrapped", () => {
  const before = "# Faults\n\n| 1 | x |\n\n## Figures\n\n- **a**: one\n  and two\n- **b**: old\n";
  const after = withFigure(before, "b", "new");
  assert.equal(after, "# Faults\n\n| 1 | x |\n\n## Figures\n\n- **a**: one and two\n- **b**: new\n");
  assert.match(pageOf(after, [], []), /## Figures\n\n- \*\*a\*\*: one and two\n- \*\*b\*\*: new\n/);
});
