// Exit codes, and what each says.

export const exitCodes = {
  /** Of `run`: stopped as asked. */
  stopped: 0,
  succeeded: 0,
  failed: 1,
  misused: 2,
  /** The command did its work, and what it found is not good. */
  no: 3,
  /** The command did its work, and could not find out. */
  unknown: 4,
  // 128 + the number of the signal: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** For the help of `run`. */
export const exitCodesHelp = `Exit codes:
  ${exitCodes.stopped}        stopped by SIGTERM or SIGINT (Ctrl-C)
  ${exitCodes.failed}        could not start, or failed; a sentence on standard error says why
  ${exitCodes.misused}        a flag or a variable has a wrong value
  ${exitCodes.SIGINT}, ${exitCodes.SIGTERM} a second SIGINT or SIGTERM did not let it finish`;

/** For the help of all other commands. */
export const answersHelp = `Exit codes:
  ${exitCodes.succeeded}  yes: it is well, or it was done
  ${exitCodes.failed}  it failed; a sentence on standard error says why
  ${exitCodes.misused}  the command line is wrong
  ${exitCodes.no}  no: what was asked about is not well; the output says what to do
  ${exitCodes.unknown}  unknown; the output says what was not seen
  ${exitCodes.SIGINT}, ${exitCodes.SIGTERM}  SIGINT (Ctrl-C) or SIGTERM stopped it`;
