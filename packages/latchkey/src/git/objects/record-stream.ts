/** Lists that git prints record by record: only the requested page is kept, and git is stopped when it is full. */
import { gitFault } from '../processes/git-process.ts';
import type { Plumbing } from './plumbing.ts';

export interface RecordPage {
  readonly offset: number;
  readonly limit: number;
  /** The end of a record: NUL by default. */
  readonly separator?: '\0' | '\n';
  /** Records to skip before pages are counted. */
  readonly keep?: (record: string) => boolean;
  readonly input?: string;
}

/** Runs git and returns the records of a page. Throws a `Fault` when git fails before the page is full. */
export async function readRecords(plumbing: Plumbing, args: readonly string[], page: RecordPage): Promise<string[]> {
  if (page.limit <= 0) return [];
  const git = await plumbing.start(args);
  git.stdin.end(page.input ?? '');
  const records: string[] = [];
  let rest = '';
  let seen = 0;
  for await (const text of git.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    const parts = (rest + text).split(page.separator ?? '\0');
    rest = parts.pop() ?? '';
    for (const record of parts) {
      if (page.keep?.(record) === false || seen++ < page.offset) continue;
      if (records.length < page.limit) records.push(record);
    }
    if (records.length >= page.limit) break;
  }
  git.stop();
  const end = await git.ended;
  if (end.code !== 0 && records.length < page.limit) throw gitFault('The repository could not be read.', args, end);
  return records;
}
