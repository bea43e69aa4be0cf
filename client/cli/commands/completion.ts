import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { print } from "../session.ts";

/** `sixfold completion` */
export function addCompletion(program: Command): void {
  program.command("completion").description("print what a shell needs to complete the command's words")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText("after", "\nExample:\n  sixfold completion bash >> ~/.bashrc")
    .action((shell: string) => print(completionFor(program, shell)));
}

/** The script for a shell. @throws SixfoldError `invalid_argument` for a shell that is not known */
export function completionFor(program: Command, shell: string): string {
  const names = program.commands.map((command) => command.name());
  const options = (command: Command) => [...program.options, ...command.options].flatMap(({ long }) => long ?? []);
  switch (shell) {
    case "bash":
    case "zsh": {
      const cases = program.commands.map((command) =>
        `    ${command.name()}) words="${options(command).join(" ")}" ;;`
      );
      const start = shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : [];
      return [
        ...start,
        "_sixfold() {",
        '  local words="" current="${COMP_WORDS[COMP_CWORD]}"',
        '  case "${COMP_WORDS[1]}" in',
        ...cases,
        "  esac",
        `  [ "$COMP_CWORD" = 1 ] && words="${names.join(" ")}"`,
        '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
        "}",
        "complete -o default -F _sixfold sixfold",
      ].join("\n");
    }
    case "fish":
      return program.commands.map((command) => {
        const about = command.description().replaceAll("'", "");
        return `complete -c sixfold -n __fish_use_subcommand -a ${command.name()} -d '${about}'`;
      }).join("\n");
  }
  throw new SixfoldError("invalid_argument", `"${shell}" is not known; name bash, zsh or fish`);
}
