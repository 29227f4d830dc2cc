/** Machine accounts: those of an organization, for its owners, and a person's own. */
import type { VNode } from 'preact';
import {
  addMachine,
  listMachines,
  MAX_PURPOSE_LENGTH,
  type MachineView,
} from '../../../actions/organizations/machines.ts';
import { MAX_LOGIN_LENGTH } from '../../../rules/names.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Label, NextPage, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { nextPagePath, numberIn } from './area.tsx';
import { machinePage } from './machine.tsx';
import { OF_ORGANIZATION, OWN, type Place, pathOf, UsedBy } from './machine-place.tsx';
import { machineTokenPage } from './machine-token.tsx';
import { workloadRulePage } from './workload-rule.tsx';
import { workloadRulesPage } from './workload-rules.tsx';

const ON_A_PAGE = 50;

async function list(place: Place, visit: Visit): Promise<Answer> {
  const permit = await place.permit(visit, false);
  const before = { beforeId: numberIn(visit.query, 'before'), limit: ON_A_PAGE };
  const machines = await listMachines(visit.ctx, permit, before);
  const f = visit.fields('add');
  const { Area } = place;
  const last = machines.length < ON_A_PAGE ? undefined : machines.at(-1)?.account.id;
  return page(
    `Machine accounts of ${place.owner(visit)}`,
    <Area visit={visit}>
      <Subhead title="Machine accounts" level={1} />
      <p class="color-fg-muted mb-3">
        For jobs and programs. They have roles and tokens as people do, but nobody signs in to them, and they stay when
        people leave.
      </p>
      {machines.length === 0 ? null : (
        <div class="Box mb-4">
          <ul>
            {machines.map((machine) => (
              <Machine path={pathOf(place, visit, machine.account.login)} machine={machine} />
            ))}
          </ul>
        </div>
      )}
      <NextPage href={nextPagePath(visit, 'before', last)} />
      <h2 class="f3 mb-2">Add a machine account</h2>
      <Form f={f} submit="Add machine account">
        <TextField f={f} name="login" label="Name" required maxLength={MAX_LOGIN_LENGTH} spellcheck={false} />
        <TextField f={f} name="purpose" label="Purpose" maxLength={MAX_PURPOSE_LENGTH} note="What it is for." />
      </Form>
    </Area>,
  );
}

function Machine({ path, machine }: { path: string; machine: MachineView }): VNode {
  const { account } = machine;
  return (
    <li class="Box-row lk-break">
      <p class="mb-1">
        <a class="text-bold" href={path}>
          {account.login}
        </a>{' '}
        <bdi>{account.name}</bdi> {machine.isMember ? <Label tone="secondary">member</Label> : null}{' '}
        {account.suspendedAt === null ? null : <Label tone="attention">suspended</Label>}
      </p>
      <UsedBy machine={machine} />
    </li>
  );
}

function pagesOf(place: Place): readonly WebPage[] {
  return [
    {
      path: place.pattern,
      access: 'signed-in',
      get: (visit) => list(place, visit),
      forms: {
        add: {
          access: 'sudo',
          run: async (visit) => {
            const draft = { login: visit.field('login'), purpose: visit.field('purpose') };
            const { login } = await addMachine(visit.ctx, await place.permit(visit, true), draft);
            return redirect(pathOf(place, visit, login), {
              tone: 'success',
              text: `${login} is created. Give it a role next.`,
            });
          },
        },
      },
    },
    machinePage(place),
    machineTokenPage(place),
    workloadRulesPage(place),
    workloadRulePage(place),
  ];
}

export const machinePages: readonly WebPage[] = [OF_ORGANIZATION, OWN].flatMap(pagesOf);
