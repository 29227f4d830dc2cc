/** The doctor's conclusion: one cause, and one line that makes the next try succeed. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from '../cli/recording-terminal.ts';
import { follow } from './follow.ts';
import { causesWorld, type Machine, type Try, type World } from './world.ts';

const TRY: Omit<Try, 'secret'> = { username: 'bob', repository: 'acme/site', operation: 'clone' };

/** The doctor in a clone, as a person reads it. */
async function screen(
  { env }: Machine,
  copy: string,
): Promise<{ code: number; text: string; line: string | undefined }> {
  const terminal = recordingTerminal({ ...env, GIT_DIR: join(copy, '.git') });
  const code = await run(['doctor'], terminal);
  const text = terminal.printed.join('\n');
  return { code, text, line: /\nDo this:\n {2}(.+)$/.exec(text)?.[1] };
}

/** Bob's clone of acme/site, made while he had a working token. */
async function clone(world: World, secret: string): Promise<{ machine: Machine; copy: string }> {
  const machine = await world.machine({ ...TRY, secret });
  const copy = join(machine.place, 'copy');
  const { secret: good } = await world.token({ name: 'good' });
  const address = machine.address.replace(/\/\/[^@]*@/, `//bob:${good}@`);
  expect(await machine.git(['-c', 'credential.helper=', 'clone', '--quiet', address, copy])).toMatchObject({ code: 0 });
  await machine.git(['remote', 'set-url', 'origin', machine.address], copy);
  return { machine, copy };
}

test('a healthy machine is told so in a short list', async () => {
  const world = await causesWorld();
  const { machine, copy } = await clone(world, (await world.token()).secret);
  const { code, text } = await screen(machine, copy);
  expect([code, text]).toEqual([0, expect.not.stringContaining('fail')]);
  expect(text.split('\n').length).toBeLessThan(22);
});

test('a missing workflows permission is found before the push, with the link that adds it', async () => {
  const world = await causesWorld();
  const attempt = { ...TRY, secret: (await world.token()).secret };
  const { machine, copy } = await clone(world, attempt.secret);
  await mkdir(join(copy, '.github/workflows'), { recursive: true });
  await writeFile(join(copy, '.github/workflows/ci.yml'), 'on: push\n');
  await machine.git(['add', '.'], copy);
  await machine.git(['commit', '--quiet', '--message', 'CI'], copy);
  const before = await screen(machine, copy);
  expect(before.text).toContain('commits that wait to be pushed change .github/workflows/ci.yml');
  await follow(world, before.line!, attempt);
  expect(await machine.git(['push', '--quiet', 'origin', 'HEAD:refs/heads/ci'], copy)).toMatchObject({ code: 0 });
  expect((await screen(machine, copy)).code).toBe(0);
});

test('a colleague’s token in the store is the cause, and the line makes git forget it', async () => {
  const world = await causesWorld();
  const { secret } = await world.token({ userLogin: 'cy', kind: 'classic', scopes: ['repo'] });
  const { machine, copy } = await clone(world, secret);
  const { text, line } = await screen(machine, copy);
  expect(text).toContain('The cause: store holds a token of cy under the name bob');
  await promisify(execFile)('sh', ['-c', line!], { env: machine.env, cwd: copy });
  expect((await screen(machine, copy)).text).toContain('none of them has a credential');
});

test('a scoped token without a scope for the API is healthy, and says whose it is', async () => {
  const world = await causesWorld();
  const { machine, copy } = await clone(
    world,
    (await world.token({ kind: 'scoped', scopes: ['write_repository'] })).secret,
  );
  const { code, text } = await screen(machine, copy);
  expect([code, text]).toEqual([0, expect.stringContaining('scoped token 1 "laptop" of bob; it ends on ')]);
});

test('the link for a dead token has owner and repository', async () => {
  const world = await causesWorld();
  const { machine, copy } = await clone(world, `lkf_${'a1B2c3'.repeat(6)}`);
  expect((await screen(machine, copy)).line).toBe(
    `${world.url}/settings/personal-access-tokens/new?name=git&target_name=acme&repositories=site&contents=read`,
  );
});
