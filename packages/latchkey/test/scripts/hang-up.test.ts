/** SIGHUP: what it reloads, and that it never ends the server, however early it comes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connect } from 'node:tls';
import { generate } from 'selfsigned';
import { expect, onTestFinished, test } from 'vitest';
import { once, until as waitUntil } from '../waits.ts';
import { MAIN, serveUntilReady } from './latchkey-process.ts';

/** Starting several workers takes a while on a busy machine. */
const LIMIT_MS = 30_000;
const until = (holds: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  waitUntil(holds, what, LIMIT_MS);

/** Bit of SIGHUP in the masks of /proc (proc_pid_status(5)). */
const HANGUP_BIT = 1n;

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hang-up-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** True once the process handles SIGHUP: before that, a SIGHUP ends any process. */
function handlesHangUp({ pid }: ChildProcess): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & HANGUP_BIT) !== 0n;
}

test.each([
  ['one process', []],
  ['workers', ['--workers', '2']],
])('a SIGHUP while the server starts is answered when it can be: %s', async (_kind, args) => {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--data', dataFolder(), ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let [said, told] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  await until(() => handlesHangUp(child), 'the process handles SIGHUP');
  expect(said).not.toContain('ready at');
  child.kill('SIGHUP');
  await until(() => said.includes('Stop it with Ctrl-C.'), `the server is ready: ${told}`);
  await until(() => /read the route map anew|all workers are new/.test(told), 'the SIGHUP is answered');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a renewed certificate is served after SIGHUP, a broken one changes nothing', async () => {
  const folder = dataFolder();
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const pairs = await Promise.all(
    ['one.example', 'two.example'].map((value) => generate([{ name: 'commonName', value }], { keySize: 2048 })),
  );
  const put = (pair: { cert: string; private: string }): void => {
    writeFileSync(key, pair.private);
    writeFileSync(cert, pair.cert);
  };
  put(pairs[0]!);
  const serving = await serveUntilReady(['--data', join(folder, 'data'), '--tls-cert', cert, '--tls-key', key]);
  const served = async (): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(serving.url).port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };
  const kept = connect({ host: '127.0.0.1', port: Number(new URL(serving.url).port), rejectUnauthorized: false });
  onTestFinished(() => void kept.destroy());
  await once(kept, 'secureConnect');
  expect(await served()).toBe('one.example');

  put(pairs[1]!);
  serving.child.kill('SIGHUP');
  await until(() => serving.output().stderr.includes('read the certificate anew'), 'the certificate is read');
  expect(await served()).toBe('two.example');
  // A renewal doesn't undo forward secrecy: a key stolen later reveals nothing.
  const weak = connect({
    host: '127.0.0.1',
    port: Number(new URL(serving.url).port),
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
    ciphers: 'AES128-GCM-SHA256:AES256-GCM-SHA384',
  });
  await expect(once(weak, 'secureConnect')).rejects.toThrow(/handshake failure/);

  cpSync(key, cert);
  serving.child.kill('SIGHUP');
  await until(() => serving.output().stderr.includes('the certificate from before stays'), 'the broken one is told');
  expect(serving.output().stderr).toContain('it holds a key: give it to --tls-key');
  expect(await served()).toBe('two.example');

  // A connection that existed all along still answers.
  kept.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [answer] = (await once(kept, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
});

/** Puts a program in the place of `systemd-notify`. Returns how to start a server under it. */
function underSystemd(folder: string, program: string): string[] {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'systemd-notify'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  return [
    'env',
    `PATH=${bin}${delimiter}${process.env['PATH']}`,
    `NOTIFY_SOCKET=${join(folder, 'told')}`,
    'WATCHDOG_USEC=100000',
  ];
}

test.each([
  ['one process', []],
  ['workers', ['--workers', '2']],
])('systemd hears that the server is ready, alive, reading anew, and stopping: %s', async (_kind, args) => {
  const folder = dataFolder();
  const under = underSystemd(folder, 'echo "$*" >>"$NOTIFY_SOCKET"');
  const serving = await serveUntilReady(['--data', join(folder, 'data'), ...args], undefined, under);
  const told = (): string => readFileSync(join(folder, 'told'), 'utf8').replace(/(?:WATCHDOG=1\n)+/g, 'alive\n');
  await until(() => existsSync(join(folder, 'told')) && told() === 'READY=1\nalive\n', 'it is ready and alive');
  serving.child.kill('SIGHUP');
  const anew = /^READY=1\nalive\nRELOADING=1 MONOTONIC_USEC=\d+\n(?:alive\n)?READY=1\n/;
  await until(() => anew.test(told()), 'it has read anew');
  expect((await serving.stop('SIGTERM')).code).toBe(0);
  await until(() => told().endsWith('STOPPING=1\n'), 'it stops');
});

test('a server that cannot tell systemd says so, and serves', async () => {
  const folder = dataFolder();
  const serving = await serveUntilReady(['--data', join(folder, 'data')], undefined, underSystemd(folder, 'exit 3'));
  await until(
    () => serving.output().stderr.includes('systemd could not be told READY=1: systemd-notify ended with 3'),
    'it says so',
  );
  expect((await fetch(`${serving.url}/healthz`)).status).toBe(200);
  await serving.stop('SIGTERM');
});
