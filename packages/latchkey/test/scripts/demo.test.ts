/** `serve` as a newcomer meets it: the demo, the first output, and the end. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { once } from '../waits.ts';
import { latchkey, runProgram, serveUntilReady } from './latchkey-process.ts';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-serve-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

// Where it was made before, its last line follows in a piece of its own.
const DEMO_IS_SHOWN = /shown this once\.|were shown then[^]*admin token list [^\n]*\n/;

test('the demo prints clone lines that work when pasted, and its read-only token cannot push', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const serving = await serveUntilReady(['--demo', '--data', data], DEMO_IS_SHOWN);
  const { stdout, stderr } = serving.output();
  const [writer, reader] = stdout.split('\n').filter((line) => line.startsWith('  git clone '));
  const paste = (line: string) => runProgram('sh', ['-c', line], { cwd: folder });

  expect((await paste(writer!)).code).toBe(0);
  const authors = await runProgram('git', ['-C', 'site', 'log', '--format=%an'], { cwd: folder });
  expect(new Set(authors.stdout.trim().split('\n')).size).toBeGreaterThan(2);
  // The history is data: the commits are the same on every machine and every day.
  expect((await runProgram('git', ['-C', 'site', 'rev-parse', 'HEAD'], { cwd: folder })).stdout).toBe(
    'd305c0eaff3acd46163ac1773abdc0ed1643415d\n',
  );

  const commit = [
    '-c',
    'user.name=Ada',
    '-c',
    'user.email=ada@acme.example',
    'commit',
    '--quiet',
    '--allow-empty',
    '-m',
    'Try it',
  ];
  await runProgram('git', ['-C', 'site', ...commit], { cwd: folder });
  expect((await runProgram('git', ['-C', 'site', 'push'], { cwd: folder })).code).toBe(0);

  expect((await paste(reader!)).code).toBe(0);
  await runProgram('git', ['-C', 'ledger', ...commit], { cwd: folder });
  const push = await runProgram('git', ['-C', 'ledger', 'push'], { cwd: folder });
  expect(push.code).not.toBe(0);
  expect(push.stderr).toContain('remote: The token "nightly backup" lacks the scope');
  for (const line of [writer!, reader!])
    expect(stderr + serving.output().stderr).not.toContain(/:(\w+)@/.exec(line)![1]);

  const stopped = await serving.stop('SIGTERM');
  expect(stopped.code).toBe(0);
  expect(stopped.stderr).toContain('stopping: running transfers may end');
});

test('the demo prints a link for each of its people, at its own port, which signs in once', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const serving = await serveUntilReady(['--demo', '--data', data], DEMO_IS_SHOWN);
  const { stdout } = serving.output();
  const links = [...stdout.matchAll(/^(\w+), .*:\n(http:\/\/\S+)$/gm)];
  expect(links.map(([, login]) => login)).toEqual(['ada', 'grace', 'mori', 'teodor']);
  expect(links.every(([, , link]) => link!.startsWith(`${serving.url}/demo/`))).toBe(true);

  const link = links[0]![2]!;
  const shown = await fetch(link);
  const form = await shown.text();
  const cookie = shown.headers.getSetCookie().map((each) => each.split(';')[0]!);
  const body = new URLSearchParams(
    [...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
  );
  const press = () =>
    fetch(link, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { cookie: cookie.join('; '), origin: serving.url },
    });
  const pressed = await press();
  expect(pressed.status).toBe(303);
  const session = pressed.headers.getSetCookie().map((each) => each.split(';')[0]!);
  const home = await fetch(serving.url, { headers: { cookie: [...cookie, ...session].join('; ') } });
  expect(await home.text()).toContain('Account menu of ada');
  expect((await press()).status).toBe(404);
  expect(serving.output().stderr).not.toContain(new URL(link).pathname);
  await serving.stop('SIGTERM');
});

test('a demo without a folder has its own, so that the next start is a first one', async () => {
  const folder = await temporaryFolder();
  const demo = await serveUntilReady(['--demo'], DEMO_IS_SHOWN, [], folder);
  expect(demo.output().stdout).toContain(`data:         ${join(folder, 'demo')}`);
  expect(demo.output().stdout).toContain('latchkey admin token list ada --data demo\n');
  await demo.stop('SIGTERM');
  const own = await serveUntilReady([], /which is printed once/, [], folder);
  expect(own.output().stdout).toContain('Nobody has an account yet');
  expect(own.output().stdout).toContain(`  cat ${join(folder, 'data', 'set-up-link')}\n`);
  await own.stop('SIGTERM');
  expect((await readdir(folder)).sort()).toEqual(['data', 'demo']);
});

test('the demo starts again on its own folder, and on no other that holds something', async () => {
  const data = join(await temporaryFolder(), 'data');
  await (await serveUntilReady(['--demo', '--data', data], DEMO_IS_SHOWN)).stop('SIGINT');
  // As a service runs: what it prints is pasted elsewhere.
  const again = await serveUntilReady(['--demo', '--data', data], DEMO_IS_SHOWN, [], '/');
  expect(again.output().stdout).toContain(`latchkey admin token list ada --data ${data}\n`);
  expect(again.output().stdout).toContain('It was made here before');
  expect(again.output().stdout.match(/\/demo\//g)).toHaveLength(4);
  expect(again.output().stdout).not.toMatch(/lk[fcsd]_/);
  await again.stop('SIGINT');

  const other = await temporaryFolder();
  await writeFile(join(other, 'thesis.txt'), 'mine');
  const refused = await latchkey(['serve', '--port', '0', '--demo', '--data', other]);
  expect(refused.stderr).toBe(
    `error: --demo fills an empty folder, and ${other} holds something already\nhint: start without --demo, or ` +
      `name a new folder: --demo --data DIR\n`,
  );
  expect(refused.code).toBe(2);
  expect(await readdir(other)).toEqual(['thesis.txt']);
});

test('a first start says what to do next, in lines that work when pasted', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  const serving = await serveUntilReady(['--data', data], /which is printed once/);
  const { stdout } = serving.output();
  expect(stdout).toContain(`data:         ${data}`);
  const steps = stdout.split('\n').filter((line) => line.startsWith('  latchkey admin '));
  expect(steps).toHaveLength(3);
  let token = '';
  for (const step of steps) {
    const ended = await latchkey(step.trim().split(' ').slice(1));
    expect(ended.stderr).not.toContain('error:');
    expect(ended.code).toBe(0);
    token = ended.stdout.trim();
  }
  const clone = /git clone (\S+)/.exec(stdout)![1]!;
  const cloned = await runProgram(
    'git',
    ['-c', `credential.helper=!f() { echo password=${token}; }; f`, 'clone', '--quiet', clone, 'notes'],
    { cwd: folder },
  );
  expect(cloned.code).toBe(0);
  await serving.stop('SIGTERM');

  const next = await serveUntilReady(['--data', data]);
  expect(next.output().stdout).not.toContain('Nobody has an account yet');
  await next.stop('SIGTERM');
});

test('a port that is taken is a fault with the remedy', async () => {
  const first = await serveUntilReady(['--data', join(await temporaryFolder(), 'data')]);
  const port = new URL(first.url).port;
  const second = await latchkey([
    'serve',
    '--port',
    port,
    '--data',
    join(await temporaryFolder(), 'data'),
    '--log-level',
    'silent',
  ]);
  expect(second.stderr).toBe(`error: can't listen on 127.0.0.1:${port}\nhint: choose another with --port\n`);
  expect(second.code).toBe(3);
  expect(second.stdout).toBe('');
});

test('a second signal stops at once, though a request has not ended', async () => {
  const serving = await serveUntilReady(['--data', join(await temporaryFolder(), 'data')]);
  const socket = connect(Number(new URL(serving.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  // The second request never ends, so the server would wait for it. The answer to the first says that it has both.
  socket.write(
    'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' +
      'POST /ada/notes.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Type: ' +
      'application/x-git-upload-pack-request\r\nContent-Length: 9\r\n',
  );
  await once(socket, 'data');
  const startedAtMs = performance.now();
  const signals = setInterval(() => serving.child.kill('SIGINT'), 100);
  const { code, stderr } = await serving.stop('SIGINT');
  clearInterval(signals);
  expect(code).toBe(130);
  expect(stderr.match(/stopping: /g)).toHaveLength(1);
  expect(performance.now() - startedAtMs).toBeLessThan(30_000);
});
