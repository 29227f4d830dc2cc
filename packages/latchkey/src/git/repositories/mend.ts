/**
 * Mends what is made from something else: indexes of packs, bitmaps, the index over all packs, the graph of commits.
 * Objects that are gone or damaged can't be made from anything here.
 *
 * Invariant: a pack's index is replaced in one step, and only by one that git has just made from the whole pack.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GitFailure, readGit } from '../processes/git-process.ts';

/** Files that git makes again, or does without. */
const DERIVED = /^(?:multi-pack-index.*|pack-[0-9a-f]+\.(?:bitmap|rev))$/;
const PACK = /^(pack-[0-9a-f]+)\.pack$/;

/** Mends the repository at a path. Does no harm to one that is whole, nor to its clones and pushes meanwhile. */
export async function mend(path: string, environment: Record<string, string>): Promise<void> {
  const packs = join(path, 'objects/pack');
  const info = join(path, 'objects/info');
  for (const place of ['commit-graph', 'commit-graphs']) await rm(join(info, place), { recursive: true, force: true });
  const names = await readdir(packs);
  for (const name of names.filter((one) => DERIVED.test(one))) await rm(join(packs, name), { force: true });
  for (const name of names) {
    const base = PACK.exec(name)?.[1];
    if (base !== undefined) await indexAnew(packs, base, environment);
  }
}

/** Leaves the index as it is when the pack itself can't be read. */
async function indexAnew(folder: string, base: string, environment: Record<string, string>): Promise<void> {
  const run = (...args: string[]): Promise<Buffer> => readGit({ args, environment, cwd: folder });
  try {
    await run('verify-pack', `${base}.idx`);
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    const draft = `.${base}.idx`;
    try {
      await run('index-pack', '-o', draft, `${base}.pack`);
      await rename(join(folder, draft), join(folder, `${base}.idx`));
    } catch (failure) {
      if (!(failure instanceof GitFailure)) throw failure;
    } finally {
      await rm(join(folder, draft), { force: true });
    }
  }
}
