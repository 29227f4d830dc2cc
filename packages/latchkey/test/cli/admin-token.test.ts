/** What the operator is told about a token that somebody else has to approve. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from './recording-terminal.ts';

test('a token that the operator makes says for whom it waits, and where they decide', async () => {
  const data = await mkdtemp(join(tmpdir(), 'latchkey-admin-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const admin = async (line: string) => {
    const terminal = recordingTerminal({});
    expect(await run(['admin', ...line.split(' '), '--data', data], terminal)).toBe(0);
    return terminal;
  };
  await admin('user add ada --email ada@example.org --verified');
  await admin('user add bob --email bob@example.org --verified');
  await admin('org add acme --owner ada');
  await admin('org member add acme bob');
  const { printed, said } = await admin('token add bob --name ci --owner acme --all-repos --permission contents=read');
  expect(printed).toEqual([expect.stringMatching(/^lkf_\w{36}$/)]);
  expect(said.slice(1)).toEqual([
    'it waits until an owner of acme approves it: ada can',
    'hint: owners find it on the page /organizations/acme/settings/personal-access-token-requests',
  ]);
  const own = await admin('token add ada --name ci --owner acme --all-repos --permission contents=read');
  expect(own.said).toHaveLength(1);
});
