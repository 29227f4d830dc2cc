/**
 * What ref rules cost a push: the same push of one commit with a token that has twenty rules, of which the last one
 * decides, and with one that has none. Spoken by hand over HTTP, so that no client's start is measured: what a server
 * takes from the question for its refs to the end of its report.
 */
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { QUIET_GIT, run } from './command.ts';
import { figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import type { World } from './server.ts';

/** Pushes of one turn. */
const PUSHES = 20;
const NONE = '0'.repeat(40);

/** A commit that the server doesn't have, with what is to be sent of it. */
interface Commit {
  readonly id: string;
  readonly pack: Buffer;
}

export async function benchRefRules(folder: string, world: World, rounds: number): Promise<Row[]> {
  const token = (name: string, refs: readonly string[]): Promise<string> =>
    world.admin(
      ['token', 'add', 'ada', '--name', name, '--all-repos', '--permission', 'contents=write'].concat(
        refs.flatMap((rule) => ['--ref', rule]),
      ),
    );
  const others = Array.from({ length: 19 }, (_, i) => `other-${i}/**`);
  const tokens = { without: await token('no rules', []), with: await token('twenty rules', [...others, 'agent/**']) };
  const commits = await commitsFor(folder, world, (rounds + 1) * PUSHES * 2);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const turn = (side: keyof typeof tokens) => async (): Promise<number> => {
    const taken: number[] = [];
    for (let i = 0; i < PUSHES; i++) {
      const began = performance.now();
      await push(world.url, agent, tokens[side], commits.pop()!);
      taken.push(performance.now() - began);
    }
    return figureOf(taken).median;
  };
  try {
    const taken = await takeTurns(rounds, { without: turn('without'), with: turn('with') });
    const ratio = ratioOf(taken.with, taken.without);
    return [
      {
        suite: 'ref-rules',
        what: 'a push of one commit with 20 ref rules beside one without',
        figure: spread(ratio, 3),
        goal: '≤ 1.02',
        reached: ratio.median <= 1.02,
        detail: `${spread(taken.with, 1, ' ms')} with, ${spread(taken.without, 1, ' ms')} without; of ${PUSHES} each`,
      },
    ];
  } finally {
    agent.destroy();
  }
}

async function commitsFor(folder: string, world: World, count: number): Promise<Commit[]> {
  const clone = await mkdtemp(join(folder, 'ref-rules-'));
  const from = world.url.replace('//', `//ada:${world.token}@`);
  await run('git', ['clone', '-q', '--bare', `${from}/ada/work.git`, clone], { env: QUIET_GIT });
  const git = async (args: readonly string[], input = ''): Promise<string> =>
    (await run('git', ['-C', clone, ...args], { env: QUIET_GIT, input })).stdout.trim();
  const tree = await git(['rev-parse', 'HEAD^{tree}']);
  const commits: Commit[] = [];
  for (let i = 0; i < count; i++) {
    const id = await git(['commit-tree', '-p', 'HEAD', '-m', `commit ${i}`, tree]);
    const pack = await git(['pack-objects', '-q', join(clone, 'one')], `${id}\n`);
    commits.push({ id, pack: await readFile(join(clone, `one-${pack}.pack`)) });
  }
  return commits;
}

/** Source: git's documentation, gitprotocol-http and gitprotocol-pack. @throws Error unless the ref was made */
async function push(url: string, agent: Agent, token: string, { id, pack }: Commit): Promise<void> {
  const headers = { authorization: `Basic ${Buffer.from(`ada:${token}`).toString('base64')}` };
  await said(request(`${url}/ada/work.git/info/refs?service=git-receive-pack`, { agent, headers }));
  const command = `${NONE} ${id} refs/heads/agent/${id}\0 report-status`;
  const line = `${(command.length + 4).toString(16).padStart(4, '0')}${command}0000`;
  const sent = request(`${url}/ada/work.git/git-receive-pack`, {
    agent,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-git-receive-pack-request' },
  });
  const report = await said(sent, Buffer.concat([Buffer.from(line, 'latin1'), pack]));
  if (!report.includes(`ok refs/heads/agent/${id}`)) throw new Error(`the push failed: ${report}`);
}

async function said(sent: ReturnType<typeof request>, body?: Buffer): Promise<string> {
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer.setEncoding('latin1')) text += String(chunk);
  if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}: ${text.slice(0, 300)}`);
  return text;
}
