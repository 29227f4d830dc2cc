/** A repository with files, as somebody has it who pushes. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Bench } from './bench.ts';

/** A path with what the file holds from now on; null deletes it. */
export type Files = Readonly<Record<string, string | Buffer | null>>;

/** Begins one on the branch main. */
export function initWorkTree(bench: Bench, format: 'sha1' | 'sha256' = 'sha1'): string {
  const path = join(bench.folder, 'work');
  bench.git(['init', '-q', '-b', 'main', `--object-format=${format}`, path]);
  return path;
}

/** Commits the files, or nothing at all, and gives the commit's id. */
export function commitIn(bench: Bench, path: string, files: Files, message = Object.keys(files).join(' ')): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    if (content === null) rmSync(join(path, name));
    else writeFileSync(join(path, name), content);
  }
  bench.git(['-C', path, 'add', '-A']);
  bench.git(['-C', path, 'commit', '-q', '--allow-empty', '-m', message]);
  return bench.git(['-C', path, 'rev-parse', 'HEAD']).trim();
}
