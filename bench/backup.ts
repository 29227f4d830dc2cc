/**
 * A backup of 100 repositories and 100,000 tokens while checks go on: what it does to the slowest of them, and how soon
 * a restored instance answers its first one. SQLite.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { figureOf, type Row, ratioOf, spread, timed } from './measure.ts';
import { makeStore } from './scale.ts';
import { MAIN, serve } from './server.ts';
import { load } from './token-check.ts';

const TOKENS = 100_000;
const REPOSITORIES = 100;
/** Requests a second, far below the peak: what is compared is how long one waits, not how many fit. */
const RATE = 500;
const SECONDS = 3;

export async function* benchBackup(folder: string, history: string, rounds: number): AsyncIterable<Row> {
  const data = join(folder, 'backup-data');
  const { texts } = await makeStore(data, TOKENS);
  for (let n = 0; n < REPOSITORIES; n++)
    await cp(history, join(data, `repositories/ada/copy-${n}.git`), { recursive: true });
  const admin = (...args: readonly string[]): Promise<unknown> => run(process.execPath, [MAIN, 'admin', ...args], {});
  const place = (round: number): string => join(folder, `backup-${round}`);
  const served = await serve(data, ['--adopt']);
  const p99 = async (url: string): Promise<number> => {
    const { port, host } = new URL(url);
    const authorization = `Basic ${Buffer.from(`user:${texts[0]}`).toString('base64')}`;
    const path = '/ada/work.git/info/refs?service=git-upload-pack';
    const request =
      `GET ${path} HTTP/1.1\nHost: ${host}\nAuthorization: ${authorization}\n` + 'Git-Protocol: version=2\n\n';
    return (await load(Number(port), request, { seconds: SECONDS, rate: RATE })).p99 / 1000;
  };
  const [without, during, backupMs]: [number[], number[], number[]] = [[], [], []];
  try {
    await p99(served.url);
    for (let round = 0; round < rounds; round++) {
      without.push(await p99(served.url));
      let isRunning = true;
      const backup = timed(() => admin('backup', place(round), '--data', data)).finally(() => (isRunning = false));
      const meanwhile: number[] = [];
      while (isRunning) meanwhile.push(await p99(served.url));
      during.push(figureOf(meanwhile).median);
      backupMs.push(await backup);
    }
  } finally {
    await served.stop();
  }
  const [calm, busy, took] = [figureOf(without), figureOf(during), figureOf(backupMs)];
  const ratio = ratioOf(busy, calm);
  const waits = `${spread(calm, 2, ' ms')} without, ${spread(busy, 2, ' ms')} during`;
  const size = `${REPOSITORIES} repositories and ${TOKENS.toLocaleString('en')} tokens`;
  yield {
    suite: 'backup',
    what: `99th percentile of checks (${RATE}/s) during a whole backup of ${size}, against without`,
    figure: spread(ratio, 2, '×'),
    goal: '≤ 1.5×',
    reached: ratio.median <= 1.5,
    detail: `${waits}; a backup took ${spread(took, 0, ' ms')}`,
  };
  const restored = join(folder, 'restored');
  const key = ['--secret-key-file', join(data, 'secret.key')];
  await admin('restore', place(0), '--data', restored, '--nothing-ended', ...key);
  const answersMs = await timed(async () => {
    const again = await serve(restored, key);
    const answer = await fetch(`${again.url}/api/v3/user`, {
      headers: { authorization: `Bearer ${texts[0]}`, 'user-agent': 'bench' },
    });
    await again.stop();
    if (answer.status !== 200) throw new Error(`the restored instance answers ${answer.status}`);
  });
  yield {
    suite: 'backup',
    what: 'first check of the restored instance, after the command that restored it',
    figure: `${answersMs.toFixed(0)} ms`,
    goal: '≤ 10 s',
    reached: answersMs <= 10_000,
    detail: 'with the start of the server and its stop',
  };
}
