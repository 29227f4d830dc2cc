/** What happened to a person's account, newest first, to read and to download. */
import { type AuditEntry, exportSecurityLog } from '../../../actions/accounts/security-log.ts';
import { type LogEntry, readLog } from '../../../actions/organizations/audit-log.ts';
import { Problem } from '../../../base/errors.ts';
import { isoInstant } from '../../../base/time.ts';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, file, page, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { AuditTable } from '../parts/audit-entries.tsx';
import { Blankslate, NextPage, Notice, Subhead } from '../parts/components.tsx';
import { isNarrowed, LogFilter, logFilterOf } from '../parts/log-filter.tsx';

const PATH = '/settings/security-log';
const PAGE_SIZE = 50;

export const securityLogPages: readonly WebPage[] = [
  { path: PATH, access: 'signed-in', get: show },
  { path: `${PATH}.jsonl`, access: 'signed-in', get: download },
];

async function show(visit: Visit): Promise<Answer> {
  let [entries, wrong]: [readonly LogEntry[], string | null] = [[], null];
  try {
    entries = await readLog(visit.ctx, await visit.ownPermit(), { of: 'user' }, logFilterOf(visit.query, null), {
      beforeId: numberIn(visit.query, 'before'),
      limit: PAGE_SIZE + 1,
    });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    wrong = error.message;
  }
  const shown = entries.slice(0, PAGE_SIZE);
  return page(
    'Security log',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Security log" level={1}>
        <a class="btn btn-sm" href={`${PATH}.jsonl`} download>
          Export as JSON lines
        </a>
      </Subhead>
      <LogFilter query={visit.query} path={PATH} people={false} />
      {wrong === null ? null : (
        <Notice tone="error" role="alert">
          {wrong}
        </Notice>
      )}
      {shown.length > 0 ? (
        <AuditTable entries={shown} label="Security log" />
      ) : wrong === null ? (
        <Blankslate heading={isNarrowed(visit.query) ? 'No entry matches' : 'Nothing has happened yet'} />
      ) : null}
      <NextPage href={nextPagePath(visit, 'before', entries.length > PAGE_SIZE ? shown.at(-1)?.id : undefined)} />
    </WithMenu>,
  );
}

async function download(visit: Visit): Promise<Answer> {
  return file(
    'application/x-ndjson; charset=utf-8',
    linesOf(exportSecurityLog(visit.ctx, await visit.ownPermit())),
    'security-log.jsonl',
  );
}

async function* linesOf(batches: AsyncIterable<readonly AuditEntry[]>): AsyncGenerator<string> {
  for await (const entries of batches)
    yield entries.map(({ at, ...rest }) => `${JSON.stringify({ at: isoInstant(at), ...rest })}\n`).join('');
}
