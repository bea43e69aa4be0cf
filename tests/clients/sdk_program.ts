/** The SDK's suite as a program of Node and Bun. Bundled by the test. */
import process from "node:process";
import { runSuite } from "./sdk_suite.ts";

const [gateways = "", bucket = ""] = process.argv.slice(2);
await runSuite(gateways.split(","), bucket);
