// What makes a shell ask the program what may come next?

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The program prints candidates, one a line, then `:4`, as kubectl expects of kubectl_complete-NAME. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return `_regcred() {
  local IFS=$'\\n'
  COMPREPLY=($(regcred __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:'))
}
complete -o default -F _regcred regcred
`;
    case "zsh":
      return `#compdef regcred
_regcred() {
  local -a candidates
  candidates=(\${(f)"$(regcred __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')"})
  compadd -a candidates
}
compdef _regcred regcred
`;
    case "fish":
      return `function __regcred_complete
  set -l words (commandline -opc) (commandline -ct)
  regcred __complete $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c regcred -f -a '(__regcred_complete)'
`;
  }
}
