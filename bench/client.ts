/**
 * How long git waits for the credential helper: the client as npm package, as executable, and as part of the server's
 * package, beside Node that does nothing. Each is started anew for each call, as git does, and answers `get` with a
 * token out of its own file.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeClientPackage } from '../packages/latchkey/tools/client-package.ts';
import { buildExecutable, type ExecutableName, TARGETS } from '../packages/latchkey/tools/executables.ts';
import { QUIET_GIT, run } from './command.ts';
import { type Row, spread, takeTurns, timed } from './measure.ts';

const ASKED = 'protocol=https\nhost=git.example.org\n\n';
const MOST_MS = 40;
const SERVERS_COMMAND = join(import.meta.dirname, '../packages/latchkey/dist/cli/main.js');

export async function benchClient(folder: string, rounds: number): Promise<Row[]> {
  const home = join(folder, 'home');
  await mkdir(join(home, 'latchkey'), { recursive: true });
  await writeFile(join(home, 'latchkey/credentials.json'), JSON.stringify(BOOK));
  await writeFile(join(folder, 'nothing.cjs'), '');
  await writeClientPackage(join(folder, 'package'));
  const executable = await ownExecutable(folder);

  const env = { ...QUIET_GIT, XDG_DATA_HOME: home };
  const call =
    (program: string, ...args: string[]) =>
    () =>
      timed(() => run(program, args, { env, input: ASKED }));
  const get = ['credential', 'get'];
  const times = await takeTurns(rounds, {
    node: call(process.execPath, join(folder, 'nothing.cjs')),
    package: call(process.execPath, join(folder, 'package/dist/latchkey.cjs'), ...get),
    server: call(process.execPath, SERVERS_COMMAND, ...get),
    executable: call(executable, ...get),
  });
  const row = (what: string, name: keyof typeof times, asked: boolean): Row => {
    const figure = times[name];
    const goal = asked ? { goal: `< ${MOST_MS} ms`, reached: figure.median < MOST_MS } : { goal: null, reached: null };
    const detail = `Node alone ${spread(times.node, 1, ' ms')}`;
    return { suite: 'client', what, figure: spread(figure, 1, ' ms'), ...goal, detail };
  };
  return [
    row('credential get, npm package of the client', 'package', true),
    row('the same, executable', 'executable', false),
    row('the same, package of the server', 'server', false),
  ];
}

/** @throws Error on a machine for which none is built */
async function ownExecutable(folder: string): Promise<string> {
  const names = Object.keys(TARGETS) as ExecutableName[];
  const own = names.find((name) => TARGETS[name].platform === process.platform && TARGETS[name].arch === process.arch);
  if (own === undefined) throw new Error(`there is no executable for ${process.platform}-${process.arch}`);
  await buildExecutable(own, join(folder, own));
  return join(folder, own);
}

const BOOK = {
  servers: [{ origin: 'https://git.example.org', helper: null }],
  credentials: [
    {
      protocol: 'https',
      host: 'git.example.org',
      path: null,
      username: 'ada+1',
      secret: 'not-a-token',
      digest: 'none',
      expiresAt: null,
      issuedAt: null,
      oauthRefreshToken: null,
    },
  ],
};
