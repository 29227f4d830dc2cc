/** A repository with files, as people who push have it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Bench } from './bench.ts';

/** Path → new content; null deletes the file. */
export type Files = Readonly<Record<string, string | Buffer | null>>;

/** Begins one on the branch main. */
export function initWorkTree(bench: Bench, format: 'sha1' | 'sha256' = 'sha1'): string {
  const path = join(bench.folder, 'work');
  bench.git(['init', '-q', '-b', 'main', `--object-format=${format}`, path]);
  return path;
}

/** Makes a commit with the files, or with none, and returns its id. */
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
