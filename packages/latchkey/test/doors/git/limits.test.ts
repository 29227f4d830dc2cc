/** Clients that hang up, stall or come in crowds: no process is left behind, and everybody gets an answer. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { once, until } from '../../waits.ts';
import { basic, call, FETCH_TYPE, makeWorld, PUSH_TYPE, type World } from './server.ts';

let world: World;
const LOAD = { running: 0, queued: 0 };

beforeAll(async () => {
  world = await makeWorld({ maxGitProcesses: 2, gitQueueLimit: 4, gitQueueWaitSec: 1, gitIdleTimeoutSec: 2 });
  await world.ok(['init', '-q', 'seed']);
  await writeFile(join(world.folder, 'seed', 'large.bin'), randomBytes(8 * 1024 * 1024));
  await world.ok(['add', '.'], { in: 'seed' });
  await world.ok(['commit', '-qm', 'large'], { in: 'seed' });
  await world.ok(['push', '-q', world.server.context.git.path('ada', 'closed'), 'main'], { in: 'seed' });
  await world.ok(['push', '-q', world.server.context.git.path('ada', 'open'), 'main'], { in: 'seed' });
});
afterAll(() => world.close());

const load = (): { running: number; queued: number } => world.server.context.git.load();

/** Git processes that work in the repositories of this test's server. */
function gitProcesses(): string[] {
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
  return commands.filter((command) => /^\S*git /.test(command) && command.includes(world.server.context.git.root));
}

/** Sends the head of a POST and the given part of its body, and keeps the connection open. */
function open(service: 'upload' | 'receive', body: Buffer | string, more = '', repository = 'closed'): Socket {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const { Authorization } = basic(world.full);
  socket.write(
    `POST /ada/${repository}.git/git-${service}-pack HTTP/1.1\r\nHost: x\r\nAuthorization: ` +
      `${Authorization}\r\nContent-Type: ${service === 'upload' ? FETCH_TYPE : PUSH_TYPE}\r\nTransfer-Encoding: ` +
      `chunked\r\n${more}\r\n`,
  );
  send(socket, body);
  return socket;
}

function send(socket: Socket, body: Buffer | string): void {
  const bytes = Buffer.from(body);
  if (bytes.length > 0)
    socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
}

async function wantMain(): Promise<string> {
  const head = (await world.ok(['rev-parse', 'main'], { in: 'seed' })).trim();
  const line = `want ${head} side-band-64k ofs-delta\n`;
  return `${(line.length + 4).toString(16).padStart(4, '0')}${line}00000009done\n`;
}

function read(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('close', () => resolve(text));
  });
}

describe('a client that goes away', () => {
  it('in the middle of a clone leaves no process behind', async () => {
    const socket = open('upload', await wantMain());
    socket.write('0\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    expect(load().running).toBe(1);
    socket.destroy();
    await until(() => load().running === 0, 'git ends');
    await until(() => gitProcesses().length === 0, 'its children end');
  });

  it('in the middle of a push leaves no process, no object and no ref behind', async () => {
    const { git } = world.server.context;
    const path = git.path('ada', 'closed');
    const objects = (): string[] => readdirSync(join(path, 'objects')).sort();
    const before = { refs: await world.ok(['-C', path, 'for-each-ref']), objects: objects() };
    const line = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/cut\0report-status side-band-64k`;
    const socket = open(
      'receive',
      `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000PACK\0\0\0\u0002\0\0\u0003\u00e8`,
    );
    await until(
      () => readdirSync(join(path, 'objects')).some((name) => name.startsWith('tmp_objdir-')),
      'git sets a place apart for the push',
    );
    socket.destroy();
    await until(() => load().running === 0, 'git ends');
    await until(() => gitProcesses().length === 0, 'its children end');
    expect({ refs: await world.ok(['-C', path, 'for-each-ref']), objects: objects() }).toEqual(before);
  });

  it('while it waits for its turn is forgotten', async () => {
    const busy = [open('upload', '00'), open('upload', '00')];
    await until(() => load().running === 2, 'every place is taken');
    const waiting = open('upload', '00');
    await until(() => load().queued === 1, 'the third one waits');
    waiting.destroy();
    await until(() => load().queued === 0, 'it is forgotten');
    for (const socket of busy) socket.destroy();
    await until(() => load().running === 0, 'git ends');
  });
});

describe('a client that stalls', () => {
  it('while it sends is cut off', async () => {
    const socket = open('receive', '00');
    expect(await read(socket)).toBe('');
    await until(() => load().running === 0, 'git ends');
  });

  it('while it reads is cut off', async () => {
    const socket = open('upload', await wantMain());
    socket.write('0\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    await until(() => load().running === 0, 'git ends');
    socket.destroy();
  });
});

describe('more clients than places', () => {
  it('take turns, and those who wait too long hear when to come back', async () => {
    const busy = [open('upload', '00'), open('upload', '00')];
    await until(() => load().running === 2, 'every place is taken');
    const answer = await call(world.url, '/ada/closed.git/git-upload-pack', {
      method: 'POST',
      headers: { ...basic(world.full), 'Content-Type': FETCH_TYPE },
      body: '0000',
    });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).toMatch(/busy/);
    for (const socket of busy) socket.destroy();
    await until(() => load().running === 0, 'git ends');
    expect(await world.ok(['ls-remote', world.remote('ada/closed', world.full)])).toContain('refs/heads/main');
  });

  it('are not more processes than places', async () => {
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, load().running);
    }, 1);
    await Promise.all(Array.from({ length: 4 }, () => world.ok(['ls-remote', world.remote('ada/closed', world.full)])));
    clearInterval(watch);
    expect(most).toBeLessThanOrEqual(2);
    expect(load()).toEqual(LOAD);
  });
});

describe('a fetch request without end', () => {
  it('is refused once it is larger than any fetch needs', async () => {
    const socket = open('upload', '0014command=ls-refs\n', 'Git-Protocol: version=2\r\n');
    const answer = read(socket);
    const argument = `0024ref-prefix refs/heads/${'x'.repeat(9)}\n`;
    const chunk = argument.repeat(30_000);
    send(socket, '0001');
    const pump = (): void => {
      while (!socket.destroyed && socket.writable) {
        send(socket, chunk);
        if (socket.writableNeedDrain) break;
      }
    };
    socket.on('drain', pump);
    pump();
    await once(socket, 'data');
    socket.destroy();
    expect(await answer).toMatch(/^HTTP\/1\.1 413 .*larger than any fetch needs/s);
    await until(() => load().running === 0, 'git ends');
  }, 60_000);
});

describe('memory', () => {
  it('does not grow with what is cloned', async () => {
    const resident = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
    const before = resident();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, resident());
    }, 5);
    for (let i = 0; i < 4; i += 1)
      await world.ok(['clone', '-q', '--bare', world.remote('ada/closed', world.full), `memory-${i}`]);
    clearInterval(watch);
    expect(peak - before).toBeLessThan(64);
  });
});
