/** For the administrator: the state of the server, a line for each part, with what to do about problems. */
import type { VNode } from 'preact';
import { type InstanceHealth, readInstanceHealth } from '../../../actions/instance/instance-health.ts';
import { hostKeyFingerprint } from '../../../base/machine/ssh-place.ts';
import type { Settings } from '../../../base/settings/settings.ts';
import { sshCloneAddress } from '../../../base/settings/values.ts';
import type { Need } from '../../../rules/model.ts';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { Label, Subhead } from '../parts/components.tsx';
import { type Part, readinessParts } from './health-readiness.ts';
import { streamPart } from './health-streams.ts';

const PATH = '/instance/health';
/** The audit log is about what happens on the instance. */
const READ: Need = { sets: [{ instance_audit_log: 'read' }], publicRead: false, writes: false };
const ENGINES: Readonly<Record<InstanceHealth['engine'], string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/** Every part of the server, in words. */
function partsOf({
  version,
  engine,
  fitness,
  checks,
  tokensInDoubt,
  streams,
  connections,
  migrations,
  mail,
  jobs,
  git,
  workers,
  nodes,
}: InstanceHealth): readonly Part[] {
  const { waiting, kept, failed } = mail.counts;
  return [
    { name: 'Version', state: version, advice: null },
    ...readinessParts(fitness),
    {
      name: 'Database',
      state: `${ENGINES[engine]}, ${counted(connections.open, 'connection')}`,
      advice:
        connections.waiting === 0 ? null : `${counted(connections.waiting, 'query', 'queries')} wait for a connection.`,
    },
    {
      name: 'Migrations',
      state: `${migrations.applied} of ${migrations.known}`,
      advice:
        migrations.applied === migrations.known
          ? null
          : 'The tables are of another version. Run the same version on every machine, and restart.',
    },
    {
      name: 'Mail',
      state:
        `${mail.configured ? 'Sent by the mail server' : `Kept in the outbox (${kept})`}; ${waiting} waiting, ` +
        `${failed} could not be sent`,
      advice:
        failed > 0
          ? 'Some mails could not be sent. The page Mail says why.'
          : mail.configured
            ? null
            : 'No mail is sent until a mail server is configured (setting smtp).',
    },
    {
      name: 'Jobs',
      state: `${jobs.due} due, ${jobs.waiting} waiting, ${jobs.dead} failed`,
      advice: jobs.dead === 0 ? null : 'Some jobs failed for good. The server’s log says why.',
    },
    {
      name: 'Git',
      state:
        `${counted(git.running, 'process', 'processes')} running, ${git.queued} queued, in the process that ` +
        `answers you`,
      advice: git.queued === 0 ? null : 'Clones and pushes wait for their turn.',
    },
    {
      name: 'Repositories',
      state:
        `${checks.checked} of ${checks.all} checked, ${checks.damaged} damaged, ` +
        `${checks.unfinished} not finished; ${fitness.withoutFiles?.count ?? 'not known how many'} without files`,
      advice: repositoryAdvice({ checks, fitness }),
    },
    ...(tokensInDoubt === 0
      ? []
      : [
          {
            name: 'Restoration',
            state: `${counted(tokensInDoubt, 'token')} in doubt`,
            advice: 'A backup was restored. Choose on the page Restoration which of them work again.',
          },
        ]),
    ...streams.map(streamPart),
    {
      name: 'Processes',
      state:
        `${counted(workers, 'worker')} on this ` +
        `machine${nodes === null ? '' : `; ${nodes} on the database, over all machines`}`,
      advice: null,
    },
  ];
}

function repositoryAdvice({ checks, fitness }: Pick<InstanceHealth, 'checks' | 'fitness'>): string | null {
  const { count, names } = fitness.withoutFiles ?? { count: 0, names: [] };
  const advice = [
    ...(count === 0
      ? []
      : [
          `Without files: ${names.join(', ')}${count > names.length ? ` and ${count - names.length} more` : ''}. ` +
            'Mount the disk on which they lie, or put their folders back from a backup: they are served at once.',
        ]),
    ...(checks.damaged === 0
      ? []
      : [
          `Damaged: ${checks.found.map(({ name }) => name).join(', ')}. Run latchkey admin check --mend; what it ` +
            'can’t mend, put back from a backup, or push from a clone that has everything.',
        ]),
  ];
  return advice.length === 0 ? null : advice.join(' ');
}

/** Where git is reached over SSH, with the key that clients ask about at the first connection. */
function sshPart({ sshAddress, sshPort, data }: Settings): Part {
  if (sshAddress === null) return { name: 'SSH', state: 'Off', advice: null };
  const key = sshPort === null ? null : hostKeyFingerprint(data);
  const holder = sshPort === null ? 'the machine’s own sshd holds the host key' : `host key ${key ?? 'not made yet'}`;
  return { name: 'SSH', state: `${sshCloneAddress(sshAddress, 'OWNER/NAME')}; ${holder}`, advice: null };
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function Row({ name, state, advice }: Part): VNode {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        {state}
        {advice === null ? null : <div class="color-fg-muted">{advice}</div>}
      </td>
      <td>
        <Label tone={advice === null ? 'success' : 'attention'}>{advice === null ? 'Good' : 'Needs a look'}</Label>
      </td>
    </tr>
  );
}

async function show(visit: Visit): Promise<Answer> {
  const health = await readInstanceHealth(visit.ctx, await visit.permit(READ, { kind: 'instance' }));
  return page(
    'Health',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Health" level={1} />
      <div class="lk-scroll" role="region" aria-label="Parts of the server" tabIndex={0}>
        <table class="lk-table">
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">Details</th>
              <th scope="col">Status</th>
            </tr>
          </thead>
          <tbody>
            {[...partsOf(health), sshPart(visit.ctx.settings)].map((part) => (
              <Row {...part} />
            ))}
          </tbody>
        </table>
      </div>
    </WithMenu>,
  );
}

export const instanceHealthPages: readonly WebPage[] = [{ path: PATH, access: 'administrator', get: show }];
