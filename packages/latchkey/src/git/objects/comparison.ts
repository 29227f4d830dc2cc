/**
 * How two commits stand to each other: where their histories part, and how many commits each has since.
 *
 * Invariant: counting stops at `MAX_COMPARED_COMMITS`, so that two distant commits cost no more than that.
 */
import { gitFault } from '../processes/git-process.ts';
import type { Plumbing } from './plumbing.ts';

/** Commits on either side that are counted. */
export const MAX_COMPARED_COMMITS = 100_000;

export interface Comparison {
  readonly baseId: string;
  readonly headId: string;
  /** Null when the two share no history. */
  readonly mergeBaseId: string | null;
  /** Commits that only the head has; more than `MAX_COMPARED_COMMITS` count as one more than that. */
  readonly aheadBy: number;
  /** The same of the base. */
  readonly behindBy: number;
}

/** Compares two commits, which exist. */
export async function compareCommits(plumbing: Plumbing, baseId: string, headId: string): Promise<Comparison> {
  const [mergeBaseId, aheadBy, behindBy] = await Promise.all([
    mergeBaseOf(plumbing, baseId, headId),
    countBeyond(plumbing, baseId, headId),
    countBeyond(plumbing, headId, baseId),
  ]);
  return { baseId, headId, mergeBaseId, aheadBy, behindBy };
}

async function mergeBaseOf(plumbing: Plumbing, one: string, other: string): Promise<string | null> {
  const args = ['merge-base', one, other];
  const { end, output } = await plumbing.attempt(args, '');
  if (end.code === 0) return output.trim();
  if (end.code === 1) return null;
  throw gitFault('The repository could not be read.', args, end);
}

async function countBeyond(plumbing: Plumbing, baseId: string, headId: string): Promise<number> {
  if (baseId === headId) return 0;
  const args = ['rev-list', '--count', `--max-count=${MAX_COMPARED_COMMITS + 1}`, headId, `^${baseId}`, '--'];
  return Number((await plumbing.read(args)).toString('utf8'));
}
