/** What a command's exit code means. Scripts depend on it: never change a number. */

export const EXIT = {
  ok: 0,
  refused: 1,
  usage: 2,
  fault: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For `latchkey --help`. */
export const EXIT_CODE_HELP = `Exit codes:
  0    done
  1    refused: what was asked can't be done, and nothing was changed
  2    usage: the command line or the settings can't be read, and nothing was tried
  3    fault: something on the machine failed, such as the database or the disk
  130  stopped at once, by a second signal`;
