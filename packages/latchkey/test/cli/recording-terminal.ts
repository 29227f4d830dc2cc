/** A terminal for tests: remembers its output, and has a given standard input. */
import type { Terminal } from '../../src/cli/terminal.ts';

export interface RecordingTerminal extends Terminal {
  readonly printed: string[];
  readonly said: string[];
}

export function recordingTerminal(env: Terminal['env'] = {}, input = ''): RecordingTerminal {
  const printed: string[] = [];
  const said: string[] = [];
  return {
    env,
    printed,
    said,
    print: (line) => void printed.push(line),
    write: async (data) => printed.push(typeof data === 'string' ? data : Buffer.from(data).toString('latin1')) > 0,
    deliver: async (text) => printed.push(text.trimEnd()) > 0,
    say: (line) => void said.push(line),
    readInput: async () => input,
  };
}
