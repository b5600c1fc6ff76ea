// Scripts by which a shell asks the program for completions.

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/**
 * For the program under the name by which it is called. It prints candidates, one a line, then `:0` where a file may come
 * instead or `:4` where none may, as kubectl expects of kubectl_complete-NAME.
 */
export function completionScript(shell: Shell, program: string): string {
  const name = `_${program.replaceAll("-", "_")}`;
  switch (shell) {
    // For the bash of macOS, too, which is of 2007: no compopt, no mapfile.
    case "bash":
      return `${name}() {
  local IFS=$'\\n'
  COMPREPLY=($(${program} __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:'))
}
complete -o default -F ${name} ${program}
`;
    case "zsh":
      return `#compdef ${program}
${name}() {
  local -a candidates
  candidates=(\${(f)"$(${program} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  [[ $candidates[-1] == :0 ]] && _files
  compadd -- \${candidates:#:*}
}
compdef ${name} ${program}
`;
    case "fish":
      return `function _${name}_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (${program} __complete $words[2..-1] 2>/dev/null)
  contains -- :0 $candidates; and __fish_complete_path (commandline -ct)
  string match -v ':*' -- $candidates
end
complete -c ${program} -f -a '(_${name}_complete)'
`;
  }
}
