/**
 * A shell for the lines of documents: real `sh`, in a folder of its own, whose `latchkey` and `curl` are this process,
 * so that a line takes the time of a small script. `curl` asks by `fetch`; an answer from 400 on fails the line.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type Ended, latchkeyInside, runProgram } from '../scripts/latchkey-process.ts';

/** What stands for `latchkey` and `curl`: hands its words to the test, prints and ends as told. */
const STAND_IN = `
const input = process.argv[2] === 'curl' || process.stdin.isTTY ? '' : require('fs').readFileSync(0, 'utf8');
const body = JSON.stringify({ words: process.argv.slice(2), input, env: process.env });
fetch(process.env.STAND_IN_URL, { method: 'POST', body })
  .then((answer) => answer.json())
  .then(({ code, stdout, stderr }) => {
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = code;
  });
`;

export interface Shell {
  readonly folder: string;
  /** Runs lines until one fails. */
  run(lines: string, env?: Record<string, string>): Promise<Ended>;
}

/** @param data where the world's database is */
export async function documentsShell(data: string): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-documents-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const { words, input, env } = JSON.parse(body) as { words: string[]; input: string; env: Record<string, string> };
      const [program, ...args] = words;
      const ended = await (program === 'curl' ? curl(args) : latchkeyLine(args, input, data, env)).catch((error) => ({
        code: 1,
        stdout: '',
        stderr: String(error),
      }));
      response.end(JSON.stringify(ended));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => stopped(server));
  const standIn = join(folder, 'stand-in.cjs');
  await writeFile(standIn, STAND_IN);
  for (const name of ['latchkey', 'curl'])
    await writeFile(join(folder, name), `#!/bin/sh\nexec '${process.execPath}' '${standIn}' ${name} "$@"\n`, {
      mode: 0o755,
    });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    folder,
    run: (lines, env = {}) =>
      runProgram('sh', ['-eu', '-c', lines], {
        cwd: folder,
        env: { ...env, STAND_IN_URL: url, HOME: folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
      }),
  };
}

function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** The operator's commands get the database; those of people get what the line's environment says of the server. */
function latchkeyLine(
  args: readonly string[],
  input: string,
  data: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  return args[0] === 'admin' ? latchkeyInside([...args, '--data', data], input) : latchkeyInside(args, input, env);
}

/** curl's options that documents use; any other is an error. */
async function curl(args: readonly string[]): Promise<Ended> {
  const headers = new Headers();
  const bodies: string[] = [];
  let [method, url] = ['', ''];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const value = (): string => rest.shift() ?? '';
    if (word === '-s') continue;
    else if (word === '-H') headers.append(...(value().split(/: (.*)/s) as [string, string]));
    else if (word === '-X') method = value();
    else if (word === '-u') headers.set('authorization', `Basic ${btoa(value())}`);
    else if (word === '-d') bodies.push(value());
    else if (word.startsWith('-')) throw new Error(`no option of curl here: ${word}`);
    else url = word;
  }
  const body = bodies.length === 0 ? null : bodies.join('&');
  // As curl does with -d.
  if (body !== null && !headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded');
  const answer = await fetch(url, { method: method || (body === null ? 'GET' : 'POST'), headers, body });
  const said = await answer.text();
  return answer.ok
    ? { code: 0, stdout: `${said}\n`, stderr: '' }
    : { code: 22, stdout: '', stderr: `${method || 'asking'} ${url}: ${answer.status} ${said}\n` };
}
