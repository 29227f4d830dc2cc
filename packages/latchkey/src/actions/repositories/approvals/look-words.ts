/** What a move of a ref would do, in words: for the mail and the page on which it is approved. */
import { MAX_COUNTED, type PushLook } from '../../../git/push/push-look.ts';

const DEEDS = { create: 'create', forward: 'push to', force: 'force-push to', delete: 'delete' } as const;

/** `push to`, to stand before the name of a ref. */
export function deedInWords({ kind }: Pick<PushLook, 'kind'>): string {
  return DEEDS[kind];
}

/** `2 commits, 3 files, 10 lines added and 4 removed; 1 commit would be lost.` */
export function lookInWords({ kind, commitCount, lostCount, fileCount, added, removed }: PushLook): string {
  const lost = lostCount === 0 ? '' : `${counted(lostCount, 'commit')} would be lost from this ref`;
  if (kind === 'delete') return `The ref would be gone${lost === '' ? '' : `; ${lost}, and from all others`}.`;
  const lines = `${counted(added, 'line')} added and ${removed.toLocaleString('en')} removed`;
  return `${counted(commitCount, 'commit')}, ${counted(fileCount, 'file')}, ${lines}${lost === '' ? '' : `; ${lost}`}.`;
}

/** A number with its noun; where counting stopped, `10,000 commits or more`. */
function counted(count: number, noun: string): string {
  const words = `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
  return count === MAX_COUNTED ? `${words} or more` : words;
}
