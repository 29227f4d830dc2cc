/**
 * One session: a derived token, a broker, a command, and the end of all three, with an account of what was done.
 *
 * Invariant: the token ends with the session, however the command ends. Where that fails, its end is said.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { spokenIso } from '../../base/time.ts';
import { ServerClient } from '../server-client.ts';
import { spoken, type Terminal } from '../terminal.ts';
import { CURRENT, endToken } from '../token/own-token.ts';
import { type Broker, startBroker } from './broker.ts';
import { childEnvironment } from './child-environment.ts';
import { Tally } from './tally.ts';

export interface SessionPlan {
  /** With the token that another is derived from. */
  readonly client: ServerClient;
  /** What to ask for. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly command: readonly string[];
  /** How long to wait for approvals after a refused push, in seconds; null = not at all. */
  readonly waitSec: number | null;
}

interface Derived {
  readonly id: number;
  readonly name: string;
  readonly expires_at: string;
  readonly token: string;
}

/** How often it is asked what became of a request. */
const ASK_EVERY_MS = 2_000;
const COULD_NOT_START = 127;

/** Runs it. @returns the command's exit code */
export async function runSession(terminal: Terminal, plan: SessionPlan): Promise<number> {
  const { client } = plan;
  const made = await client.api<Derived>(`${CURRENT}/derive`, { method: 'POST', body: plan.body });
  const token = new Secret(made.token);
  const tally = new Tally();
  let folder: string | null = null;
  let broker: Broker | null = null;
  try {
    broker = await startBroker(client.address, token, tally);
    folder = process.platform === 'win32' ? null : mkdtempSync(join(tmpdir(), 'latchkey-agent-'));
    if (folder !== null) {
      const socket = join(folder, 'api.sock');
      await broker.listenAt(socket);
      writeFileSync(join(folder, 'config.yml'), `version: "1"\nhttp_unix_socket: ${socket}\n`, { mode: 0o600 });
    }
    const env = childEnvironment(terminal.env, { ...broker, server: client.address, ghFolder: folder });
    terminal.say(`latchkey agent: "${made.name}" has derived token ${made.id} until ${spokenIso(made.expires_at)}`);
    const own = new ServerClient(client.address, token);
    for (;;) {
      const code = await runCommand(plan.command, env);
      const waiting = tally.takeWaiting();
      if (code === 0 || plan.waitSec === null || waiting.length === 0) return code;
      if (!(await approved(terminal, own, waiting, plan.waitSec))) return code;
      terminal.say(`latchkey agent: approved, running it again: ${plan.command.join(' ')}`);
    }
  } finally {
    await broker?.close();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    for (const line of tally.lines()) terminal.say(`latchkey agent: ${spoken(line)}`);
    await endToken(client.address, token).then(
      () => terminal.say(`latchkey agent: derived token ${made.id} is revoked`),
      () =>
        terminal.say(
          `latchkey agent: derived token ${made.id} could not be revoked, and lives until ` +
            spokenIso(made.expires_at),
        ),
    );
  }
}

/** Runs the command with the terminal's own streams. Signals reach it as well as us; we outlive it. */
async function runCommand([program = '', ...args]: readonly string[], env: Record<string, string>): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const forward = (signal: NodeJS.Signals): void => {
    // Of the keyboard the whole group has heard.
    if (signal !== 'SIGINT') child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'ENOENT' ? 'there is no such program' : (error.code ?? error.message);
        reject(new Fault(`${program} can't be started: ${why}`, { hint: 'check the command behind --' }));
      });
      child.once('close', (code, signal) => {
        resolve(code ?? (signal === null ? COULD_NOT_START : 128 + constants.signals[signal]));
      });
    });
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}

interface Asked {
  readonly id: number;
  readonly state: 'waiting' | 'approved' | 'denied' | 'used' | 'replaced' | 'expired';
  readonly html_url: string;
  readonly repository: string;
  readonly ref: string;
}

/** Waits until all of these are approved; false when one won't be, or the time is over. */
async function approved(terminal: Terminal, own: ServerClient, ids: readonly number[], sec: number): Promise<boolean> {
  const until = performance.now() + sec * 1000;
  for (const id of ids) {
    let asked = await own.api<Asked>(`${CURRENT}/push-approvals/${id}`);
    if (asked.state === 'waiting')
      terminal.say(`latchkey agent: ${asked.ref} of ${asked.repository} waits for approval: ${asked.html_url}`);
    while (asked.state === 'waiting' && performance.now() < until) {
      await pause(ASK_EVERY_MS);
      asked = await own.api<Asked>(`${CURRENT}/push-approvals/${id}`);
    }
    if (asked.state !== 'approved') {
      const what = asked.state === 'waiting' ? 'nobody answered in time' : `it is ${asked.state}`;
      terminal.say(`latchkey agent: request ${id} is not approved: ${what}`);
      return false;
    }
  }
  return true;
}
