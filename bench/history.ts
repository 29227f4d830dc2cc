/**
 * A repository of a real size, the same at every run: some thousand commits over some hundred files, made with `git
 * fast-import`.
 */
import { createHash } from 'node:crypto';
import { QUIET_GIT, run } from './command.ts';

/** Commits × (a blob, a commit and about two trees each) ≈ 16,000 objects. */
export const COMMITS = 4_000;

export async function makeHistory(path: string, commits = COMMITS): Promise<number> {
  await run('git', ['init', '-q', '--bare', '-b', 'main', path], { env: QUIET_GIT });
  await run('git', ['fast-import', '--quiet', '--force'], { cwd: path, env: QUIET_GIT, input: stream(commits) });
  await run('git', ['repack', '-adq', '--write-bitmap-index'], { cwd: path, env: QUIET_GIT });
  const { stdout } = await run('git', ['count-objects', '-v'], { cwd: path, env: QUIET_GIT });
  return Number(/in-pack: (\d+)/.exec(stdout)?.[1]);
}

function stream(commits: number): string {
  const parts: string[] = [];
  for (let i = 0; i < commits; i++) {
    const content = text(i);
    parts.push(
      `commit refs/heads/main\nmark :${i + 1}\ncommitter Ada <ada@example.org> ${1_600_000_000 + i * 600} ` +
        `+0000\ndata ${`change ${i}`.length}\nchange ${i}\n`,
      i === 0 ? '' : `from :${i}\n`,
      `M 100644 inline src/part-${i % 40}/file-${i % 400}.txt\ndata ${content.length}\n${content}\n`,
    );
  }
  return parts.join('');
}

/** About two kilobytes that differ a little between commits, as source code does. */
function text(i: number): string {
  const lines: string[] = [];
  for (let line = 0; line < 30; line++)
    lines.push(
      `${createHash('sha256')
        .update(`${i % 400} ${line % 7 === 0 ? i : line}`)
        .digest('hex')}`,
    );
  return lines.join('\n');
}
