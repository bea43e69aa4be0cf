import type { Command } from "commander";
import { SixfoldError } from "../../../shared/errors.ts";
import { print } from "../session.ts";

/** `sixfold completion` */
export function addCompletion(program: Command): void {
  program.command("completion").description("print what a shell needs to complete the command's words")
    .argument("<shell>", "bash, zsh or fish")
    .addHelpText(
      "after",
      "\nExamples:\n  sixfold completion bash >> ~/.bashrc\n" +
        "  sixfold completion fish > ~/.config/fish/completions/sixfold.fish",
    )
    .action((shell: string) => print(completionFor(program, shell)));
}

/** The script for a shell. @throws SixfoldError `invalid_argument` for a shell that is not known */
export function completionFor(program: Command, shell: string): string {
  switch (shell) {
    case "bash":
      return bashScript(program);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`;
    case "fish":
      return program.commands.flatMap((command) => fishLines(command)).join("\n");
  }
  throw new SixfoldError("invalid_argument", `"${shell}" is not known; name bash, zsh or fish`);
}

/** The words before the one that is completed lead to what may stand there; the longest such way first. */
function bashScript(program: Command): string {
  const global = optionsOf(program);
  const ways: [string, readonly string[]][] = [];
  for (const command of program.commands) {
    for (const inner of command.commands) ways.push([`${command.name()} ${inner.name()}`, optionsOf(inner)]);
    ways.push([command.name(), [...namesOf(command), ...optionsOf(command)]]);
  }
  return [
    "_sixfold() {",
    '  local words i current="${COMP_WORDS[COMP_CWORD]}" before=""',
    '  for ((i = 1; i < COMP_CWORD; i++)); do before+="${COMP_WORDS[i]} "; done',
    '  case "$before" in',
    ...ways.map(([way, words]) => `    "${way} "*) words="${[...words, ...global].join(" ")}" ;;`),
    `    *) words="${[...namesOf(program), ...global].join(" ")}" ;;`,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _sixfold sixfold",
  ].join("\n");
}

function fishLines(command: Command): string[] {
  const name = command.name();
  const seen = `__fish_seen_subcommand_from ${name}`;
  const open = `${seen}; and not __fish_seen_subcommand_from ${namesOf(command).join(" ")}`;
  return [
    `complete -c sixfold -n __fish_use_subcommand -a ${name} -d '${plain(command.description())}'`,
    ...command.commands.map((inner) =>
      `complete -c sixfold -n '${open}' -fa ${inner.name()} -d '${plain(inner.description())}'`
    ),
    ...[command, ...command.commands].flatMap(({ options }) => options).map(({ long, description }) =>
      `complete -c sixfold -n '${seen}' -l ${long?.slice(2)} -d '${plain(description)}'`
    ),
  ];
}

function namesOf({ commands }: Command): string[] {
  return commands.map((command) => command.name());
}

function optionsOf({ options }: Command): string[] {
  return options.flatMap(({ long }) => long ?? []);
}

function plain(text: string): string {
  return text.replaceAll("'", "");
}
