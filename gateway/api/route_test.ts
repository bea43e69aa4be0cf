import assert from "node:assert/strict";
import { methodOf, routeOf } from "./route.ts";

Deno.test("whatever clients ask for, there are few routes", () => {
  assert.equal(routeOf("/v1/files?bucket=a"), "/v1/files");
  assert.equal(routeOf("/sixfold.v1.FileService/GetFile"), "/sixfold.v1.FileService/GetFile");
  const routes = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    for (
      const path of [
        `/v1/files/${i}/${i}`,
        `/v1/undelete/${i}/${i}`,
        `/v1/uploads/${i}`,
        `/resumable/${i}`,
        `/${i}`,
        `/sixfold.v1.FileService/${i}`,
      ]
    ) {
      routes.add(routeOf(path));
    }
  }
  assert.deepEqual([...routes], [
    "/v1/files/{bucket}/{key}",
    "/v1/undelete/{bucket}/{key}",
    "/v1/uploads/{id}",
    "/resumable/{id}",
    "other",
  ]);
  assert.deepEqual(["GET", "BREW"].map(methodOf), ["GET", "_OTHER"]);
});
