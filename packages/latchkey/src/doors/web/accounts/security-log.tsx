/** What happened to a person's account, newest first, to read and to download. */
import type { VNode } from 'preact';
import { type AuditEntry, exportSecurityLog, readSecurityLog } from '../../../actions/accounts/security-log.ts';
import { isoInstant } from '../../../base/time.ts';
import { WithMenu } from '../frame/layout.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, file, page, type WebPage } from '../frame/web-page.ts';
import { nextPagePath } from '../organizations/area.tsx';
import { Facts, LogTable } from '../parts/audit-entries.tsx';
import { Blankslate, NextPage, Subhead, Time } from '../parts/components.tsx';

const PATH = '/settings/security-log';
const PAGE_SIZE = 50;

export const securityLogPages: readonly WebPage[] = [
  { path: PATH, access: 'signed-in', get: show },
  { path: `${PATH}.jsonl`, access: 'signed-in', get: download },
];

async function show(visit: Visit): Promise<Answer> {
  const before = Number(visit.query.get('before'));
  const entries = await readSecurityLog(visit.ctx, await visit.ownPermit(), {
    beforeId: Number.isSafeInteger(before) && before > 0 ? before : null,
    limit: PAGE_SIZE + 1,
  });
  const shown = entries.slice(0, PAGE_SIZE);
  return page(
    'Security log',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Security log" level={1}>
        <a class="btn btn-sm" href={`${PATH}.jsonl`} download>
          Export as JSON lines
        </a>
      </Subhead>
      {shown.length === 0 ? (
        <Blankslate heading="Nothing has happened yet" />
      ) : (
        <LogTable label="Security log">
          {shown.map((entry) => (
            <Row entry={entry} />
          ))}
        </LogTable>
      )}
      <NextPage href={nextPagePath(visit, 'before', entries.length > PAGE_SIZE ? shown.at(-1)?.id : undefined)} />
    </WithMenu>,
  );
}

function Row({ entry }: { entry: AuditEntry }): VNode {
  return (
    <tr>
      <td>
        <strong>{entry.action}</strong>
        <Facts data={entry.data} />
      </td>
      <td data-label="Who">
        {entry.actorLogin ?? 'nobody'}
        {entry.actorTokenId === null ? null : <span class="color-fg-muted"> with a token</span>}
      </td>
      <td data-label="From">{entry.address ?? '—'}</td>
      <td data-label="When">
        <Time at={entry.at} />
      </td>
    </tr>
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
