/** The `sixfold` command as one file that needs nothing else: `npm run build:sixfold -- [path] [--target=bun-linux-arm64]`. */
import { ROOT } from "./programs.ts";

const path = Deno.args.find((word) => !word.startsWith("--")) ?? "sixfold";
const options = Deno.args.filter((word) => word.startsWith("--"));
const build = ["build", `${ROOT}client/cli/main.ts`, "--compile", "--outfile", path, ...options];
const { success, stderr } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", { args: build }).output();
console.log(success ? `${path} is ready` : new TextDecoder().decode(stderr));
Deno.exit(success ? 0 : 1);
