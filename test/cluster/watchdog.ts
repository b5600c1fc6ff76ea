// Ends everything that was started, even if this program is killed.

import { type ChildProcess, spawn } from "node:child_process";

// A shell that holds the list of what is ours and reads it from a pipe whose only writer is this program. However this
// program ends, SIGKILL included, the kernel closes the pipe, and the shell kills and removes what is left.
// It has a session of its own, so neither Ctrl-C nor a kill of our process group reaches it.
const script = `
trap '' HUP INT TERM
pids=' '
folders=
while read -r verb subject; do
  case $verb in
    started) pids="$pids$subject " ;;
    ended) pids="\${pids%% $subject *} \${pids#* $subject }" ;;
    made) folders="$folders$subject
" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done 2>/dev/null
printf %s "$folders" | while read -r folder; do
  for attempt in 1 2 3 4 5; do rm -rf "$folder" && break; sleep 1; done
done
`;

let shell: ChildProcess | undefined;

function tell(verb: "started" | "ended" | "made", subject: string | number): void {
  if (!shell) {
    shell = spawn("/bin/sh", ["-c", script], { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
    shell.unref();
    // A watchdog that somebody killed takes the pipe with it: the program itself must not fail for that.
    shell.stdin?.on("error", () => {});
    (shell.stdin as unknown as { unref?: () => void }).unref?.();
  }
  shell.stdin?.write(`${verb} ${subject}\n`);
}

/** The last line of defence behind every `stop()`: one for the whole program. */
export const watchdog = {
  /** This process is killed if the program ends without having called `ended`. */
  started: (pid: number): void => tell("started", pid),
  ended: (pid: number): void => tell("ended", pid),
  /** This folder is removed when the program ends. Its path must have no line break. */
  made: (folder: string): void => tell("made", folder),
};
