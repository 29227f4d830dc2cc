/**
 * The completion scripts know every command, and bash runs its own: words from the tree and the catalogue, and values
 * that a real server is asked for.
 */
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { everyCommand } from '../../src/cli/command-tree.ts';
import { completionScript } from '../../src/cli/completion/scripts.ts';
import { SHELLS } from '../../src/cli/completion/values.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { causesWorld } from '../causes/world.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { once } from '../waits.ts';
import { latchkey, MAIN, runProgram } from './latchkey-process.ts';

const PROGRAM = buildProgram(recordingTerminal());

/** A folder with the command `latchkey` in it, and nothing else. */
async function folderWithProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-completion-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'latchkey'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  await chmod(join(folder, 'latchkey'), 0o755);
  return folder;
}

/** What bash offers after these words, as readline takes them apart: `a=b` is three. The last one is being typed. */
async function completed(words: readonly string[], env: Record<string, string> = {}, cwd?: string): Promise<string[]> {
  const lines = [
    completionScript(PROGRAM, 'bash'),
    `COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'`,
    `COMP_WORDS=(latchkey ${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length}`,
    '_latchkey latchkey',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
  const { stdout, stderr } = await runProgram('bash', ['-uc', lines.join('\n')], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

test.each(SHELLS)('the script for %s names every command and option', (shell) => {
  const script = completionScript(PROGRAM, shell);
  for (const command of everyCommand(PROGRAM).slice(1)) {
    expect(script).toContain(command.name());
    for (const { long } of command.options) expect(script).toContain(shell === 'fish' ? `-l ${long!.slice(2)} ` : long);
  }
});

test('bash completes commands, their commands, and their options', async () => {
  expect(await completed(['do'])).toEqual(['doctor']);
  expect(await completed(['token', 'r'])).toEqual(['rotate', 'revoke', 'remind']);
  expect(await completed(['token', 'rotate', '--o'])).toEqual(['--overlap']);
  expect(await completed(['login', '--device', '--exp'])).toEqual(['--expires-in']);
});

test('bash completes values of the catalogue', async () => {
  const contents = ['contents=read', 'contents=write'];
  expect(await completed(['login', '--permission', 'contents'])).toEqual(contents);
  expect(await completed(['token', 'check', 'contents'])).toEqual(contents);
  // Readline puts in what stands behind the last `=` alone.
  expect(await completed(['token', 'create', '--permission', 'issues', '=', 'read', 'contents', '=', 'w'])).toEqual([
    'write',
  ]);
  expect(await completed(['admin', 'token', 'add', 'ada', '--permission', '=', 'contents', '=', ''])).toEqual([
    'read',
    'write',
  ]);
  expect(await completed(['admin', 'token', 'add', 'ada', '--scope', 'read_repo'])).toEqual(['read_repository']);
  expect(await completed(['admin', 'policy', 'set', 'acme', '--allow', 'cla'])).toEqual(['classic']);
  expect(await completed(['admin', 'policy', 'set', 'acme', '--allow', 'classic', 'sc'])).toEqual(['scoped']);
  expect(await completed(['admin', 'policy', 'set', 'acme', '--sso', ''])).toEqual(['on', 'off']);
  expect(await completed(['serve', '--log-level', 'd'])).toEqual(['debug']);
  expect(await completed(['completion', 'z'])).toEqual(['zsh']);
  expect(await completed(['token', 'create', '--expires-in', '9'])).toEqual(['90']);
  // What nobody can know is left to the person, and a file to bash.
  expect(await completed(['token', 'create', '--name', ''])).toEqual([]);
  expect(await completed(['admin', 'restore', '--tail', ''])).toEqual([]);
});

test("bash completes a person's own tokens, repositories and organizations, which it asks the server for", async () => {
  const world = await causesWorld();
  const { secret } = await world.token({
    name: 'laptop of $(touch here)',
    grants: [
      { owner: 'bob', permissions: { contents: 'read', personal_access_tokens: 'read' } },
      { permissions: { contents: 'read' } },
    ],
  });
  const folder = await folderWithProgram();
  const env = {
    PATH: `${folder}:${process.env['PATH']}`,
    HOME: folder,
    LATCHKEY_URL: world.url,
    LATCHKEY_TOKEN: secret,
  };
  const asked = (...words: string[]): Promise<string[]> => completed(words, env, folder);
  expect(await asked('token', 'revoke', '')).toEqual(['1']);
  expect(await asked('token', 'create', '--repo', 'acme/s')).toEqual(['acme/site']);
  expect(await asked('token', 'check', 'contents', '=', 'read', 'acme')).toEqual([
    'acme/docs',
    'acme/ledger',
    'acme/site',
    'acme',
  ]);
  expect(await asked('token', 'create', '--owner', '')).toEqual(['bob', 'acme']);
  // The server that is named is the one that is asked.
  expect(await asked('token', 'show', '--url', 'http', ':', '//127.0.0.1', ':', '1', '')).toEqual([]);
  expect((await latchkey(['completion', '--values', 'tokens'], { env })).stdout).toBe('1\tlaptop of touch here\n');
  expect(await readdir(folder)).toEqual(['latchkey']);
});

test('a server that is away, refuses, or never answers is no value and no error', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const folder = await folderWithProgram();
  for (const url of [`http://127.0.0.1:${port}`, 'http://127.0.0.1:1', 'not an address'])
    expect(
      await latchkey(['completion', '--values', 'targets', '--url', url], {
        env: { HOME: folder, LATCHKEY_TOKEN: 'lkf_x' },
      }),
    ).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await latchkey(['completion', '--values', 'tokens'], { env: { HOME: folder } })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('a server that answers with commands of a shell has none of them offered', async () => {
  const names = ['$(touch here)', '`touch here`', 'a;touch here', '-x', "a'b", 'a\nb', 'ops/fine'];
  const hostile = createServer((_, response) =>
    response.end(JSON.stringify(names.map((full_name) => ({ full_name })))),
  ).listen(0, '127.0.0.1');
  await once(hostile, 'listening');
  onTestFinished(() => void hostile.close());
  const folder = await folderWithProgram();
  const env = {
    PATH: `${folder}:${process.env['PATH']}`,
    HOME: folder,
    LATCHKEY_URL: `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`,
    LATCHKEY_TOKEN: 'lkf_x',
  };
  expect(await completed(['token', 'create', '--repo', ''], env, folder)).toEqual(['ops/fine']);
  expect(await readdir(folder)).toEqual(['latchkey']);
});
