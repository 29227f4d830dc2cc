/** What the operator is told about a token that somebody else has to approve. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openContext } from '../../src/actions/instance/open.ts';
import { startServer } from '../../src/app.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings } from '../../src/base/settings/settings.ts';
import { systemClock } from '../../src/base/time.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { run } from '../../src/cli/program.ts';
import { recordingTerminal } from './recording-terminal.ts';

test('restrictions are flags of a token that the operator makes, and what can’t be read is told before', async () => {
  const data = await mkdtemp(join(tmpdir(), 'latchkey-admin-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const admin = async (line: string) => {
    const terminal = recordingTerminal({});
    const code = await run(['admin', ...line.split(' '), '--data', data], terminal);
    return { code, said: terminal.said, printed: terminal.printed };
  };
  const add = 'token add ada --classic --scope repo --expires-in 30 --name';
  await admin('user add ada --email ada@example.org --verified');
  const limits = '--address 10.0.0.0/8 --address 2001:db8::/32 --not-before 2026-01-31T08:00:00+01:00 --uses 3';
  expect(await admin(`${add} deploy ${limits}`)).toMatchObject({ code: 0 });
  const settings = loadSettings({ flags: { data, logLevel: 'silent' }, env: {} });
  const opened = await openContext(settings, makeLog('silent'), { clock: systemClock });
  onTestFinished(() => opened.close());
  expect(
    await opened.store.db
      .selectFrom('tokens')
      .select(['allowed_addresses_json', 'not_before_at', 'uses_left'])
      .where('name', '=', 'deploy')
      .executeTakeFirstOrThrow(),
  ).toEqual({
    allowed_addresses_json: '["10.0.0.0/8","2001:db8::/32"]',
    not_before_at: Date.parse('2026-01-31T07:00:00Z') / 1000,
    uses_left: 3,
  });
  for (const [flag, error, hint] of [
    [
      '--not-before soon',
      '--not-before takes an instant, not "soon"',
      'for example: --not-before 2026-12-01T08:00:00Z',
    ],
    [
      '--not-before 2026-02-30',
      '--not-before takes an instant, not "2026-02-30"',
      'for example: --not-before 2026-12-01T08:00:00Z',
    ],
    ['--uses some', '--uses takes a whole number, not "some"', 'for example: --uses 1'],
  ])
    expect(await admin(`${add} other ${flag}`)).toEqual({
      code: EXIT.usage,
      said: [`error: ${error}`, `hint: ${hint}`],
      printed: [],
    });
  expect(await admin(`${add} other --address nowhere`)).toMatchObject({
    code: EXIT.refused,
    said: [expect.stringContaining('nowhere'), expect.stringContaining('nothing was changed')],
  });
  expect((await admin('token add ada --name other --permission acme:deploy=read')).said[0]).toBe(
    'error: there is no permission named acme:deploy: the route map in use here has none of that name',
  );
});

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

test('mail and links that commands make lead to the server, until a command is told another address', async () => {
  const data = await mkdtemp(join(tmpdir(), 'latchkey-admin-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const admin = async (...args: string[]) => {
    const terminal = recordingTerminal({});
    expect(await run(['admin', ...args, '--data', data], terminal)).toBe(EXIT.ok);
    return terminal.printed.join('\n');
  };
  await admin('user', 'add', 'ada', '--email', 'ada@example.org', '--verified');
  const publicUrl = 'https://git.example.org/latchkey';
  const server = await startServer(
    loadSettings({ flags: { data, port: 0, publicUrl, trustedProxies: ['127.0.0.1'], logLevel: 'silent' }, env: {} }),
  );
  onTestFinished(() => server.close());
  expect(await admin('user', 'password', 'ada')).toMatch(/^https:\/\/git\.example\.org\/latchkey\/password_reset\//);
  await admin('user', 'lock', 'ada');
  const [mail] = await server.context.store.db.selectFrom('outbox').selectAll().orderBy('id', 'desc').execute();
  const { address, text } = mail!;
  expect(server.context.keys.open('outbox.text', address, text).reveal()).toContain(`${publicUrl}/`);
  const elsewhere = await admin('user', 'password', 'ada', '--public-url', 'https://other.example.org');
  expect(elsewhere).toMatch(/^https:\/\/other\.example\.org\/password_reset\//);
});
