/** The completion scripts know every command, and bash runs its own. */
import { expect, test } from 'vitest';
import { everyCommand } from '../../src/cli/command-tree.ts';
import { completionScript, SHELLS } from '../../src/cli/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { runProgram } from './latchkey-process.ts';

const PROGRAM = buildProgram(recordingTerminal());

test.each(SHELLS)('the script for %s names every command and option', (shell) => {
  const script = completionScript(PROGRAM, shell);
  for (const command of everyCommand(PROGRAM).slice(1)) {
    expect(script).toContain(command.name());
    for (const { long } of command.options) expect(script).toContain(shell === 'fish' ? `-l ${long!.slice(2)} ` : long);
  }
});

test('bash completes commands, their commands, and their options', async () => {
  const completed = async (...words: string[]): Promise<string> => {
    const lines =
      `${completionScript(PROGRAM, 'bash')}\nCOMP_WORDS=(latchkey ` +
      `${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length}\n_latchkey\necho ` +
      `"\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await runProgram('bash', ['-c', lines]);
    expect(stderr).toBe('');
    return stdout.trim();
  };
  expect(await completed('do')).toBe('doctor');
  expect(await completed('token', 'r')).toBe('rotate revoke remind');
  expect(await completed('token', 'rotate', '--o')).toBe('--overlap');
  expect(await completed('login', '--device', '--exp')).toBe('--expires-in');
});
