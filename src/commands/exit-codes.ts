// What does each exit code say?

export const exitCodes = {
  stopped: 0,
  failed: 1,
  misused: 2,
  // 128 + the number of the signal: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** For the help. */
export const exitCodesHelp = `Exit codes:
  ${exitCodes.stopped}        stopped by SIGTERM or SIGINT (Ctrl-C)
  ${exitCodes.failed}        could not start, or failed; a sentence on standard error says why
  ${exitCodes.misused}        a flag or a variable has a wrong value
  ${exitCodes.SIGINT}, ${exitCodes.SIGTERM} a second SIGINT or SIGTERM did not let it finish`;
