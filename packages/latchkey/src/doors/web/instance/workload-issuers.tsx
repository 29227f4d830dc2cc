/** For the administrator: issuers that are trusted to say which workload runs. */
import type { VNode } from 'preact';
import {
  addIssuer,
  type IssuerView,
  listIssuers,
  removeIssuer,
  tryIssuer,
} from '../../../actions/federation/issuers.ts';
import { PRESET_NAMES, presetOf } from '../../../catalogue/workloads/issuers.ts';
import type { Need } from '../../../rules/model.ts';
import { InstanceArea } from '../frame/areas.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Select } from '../parts/choice-fields.tsx';
import { Blankslate, Label, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';

const PATH = '/instance/workload-issuers';
const READ: Need = { sets: [{ instance_policies: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ instance_policies: 'write' }], publicRead: false, writes: true };
const onInstance = (visit: Visit, need: Need) => visit.permit(need, { kind: 'instance' });

export const workloadIssuerPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'administrator',
    get: show,
    forms: { add: { run: add }, test: { run: test }, remove: { asks: asksToRemove, run: remove } },
  },
];

async function show(visit: Visit): Promise<Answer> {
  const issuers = await listIssuers(visit.ctx, await onInstance(visit, READ));
  const f = visit.fields('add');
  return page(
    'Workload issuers',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Workload issuers" level={1} />
      <p class="color-fg-muted mb-3">
        Platforms that sign a token for each job. Owners write rules for which jobs get tokens of their machine
        accounts; without a rule, no job gets one.
      </p>
      {issuers.length === 0 ? (
        <Blankslate heading="No issuer is trusted" />
      ) : (
        <ul class="Box list-style-none">
          {issuers.map((issuer) => (
            <Row visit={visit} issuer={issuer} />
          ))}
        </ul>
      )}
      <h2 class="f3 mt-4 mb-2">Trust an issuer</h2>
      <Form f={f} submit="Trust this issuer">
        <Select
          f={f}
          name="preset"
          label="Platform"
          choices={PRESET_NAMES.map((name) => ({ value: name, label: presetOf(name).label }))}
        />
        <TextField
          f={f}
          name="name"
          label="Name"
          maxLength={40}
          spellcheck={false}
          note="The name that rules use. Blank: the platform’s name."
        />
        <TextField
          f={f}
          name="issuer"
          label="Issuer"
          maxLength={255}
          spellcheck={false}
          note="Exactly as in its tokens (iss). Blank: the platform’s own, for GitHub Actions and Buildkite."
        />
        <TextArea f={f} name="jwks" label="Keys" rows={3} note="A JWK set, if this server can’t fetch it." />
        <TextArea
          f={f}
          name="ca"
          label="Authority"
          rows={3}
          note="The authority of the issuer’s certificate, in PEM, if it has its own."
        />
      </Form>
    </WithMenu>,
  );
}

function Row({ visit, issuer }: { visit: Visit; issuer: IssuerView }): VNode {
  const { name, preset, jwks, rules } = issuer;
  return (
    <li class="Box-row lk-break">
      <p class="mb-1">
        <strong>{name}</strong> <Label tone="secondary">{presetOf(preset).label}</Label>
      </p>
      <p class="mb-1">
        <code>{issuer.issuer}</code>
      </p>
      <p class="mb-1 color-fg-muted">
        {rules === 1 ? '1 rule' : `${rules} rules`}; its keys are {jwks === null ? 'fetched' : 'pasted'}
      </p>
      <Form f={visit.fields('test')} submit={`Fetch the keys of ${name}`} tone="default" small inline>
        <Hidden name="issuer" value={name} />
      </Form>{' '}
      <Form f={visit.fields('remove')} submit={`Stop trusting ${name}`} tone="danger" small inline>
        <Hidden name="issuer" value={name} />
      </Form>
    </li>
  );
}

async function add(visit: Visit): Promise<Answer> {
  const made = await addIssuer(visit.ctx, await onInstance(visit, WRITE), {
    preset: visit.field('preset'),
    name: visit.field('name'),
    issuer: visit.field('issuer'),
    jwks: visit.field('jwks'),
    ca: visit.field('ca'),
  });
  return redirect(PATH, { tone: 'success', text: `${made.name} is trusted.` });
}

async function test(visit: Visit): Promise<Answer> {
  const name = visit.field('issuer');
  const ids = await tryIssuer(visit.ctx, await onInstance(visit, WRITE), name);
  const keys = ids.length === 1 ? 'One key was read' : `${ids.length} keys were read`;
  return redirect(PATH, { tone: 'success', text: `${keys} from ${name}.` });
}

/** Null when there is none of that name: then `run` says so. */
async function asksToRemove(visit: Visit): Promise<Question | null> {
  const issuers = await listIssuers(visit.ctx, await onInstance(visit, WRITE));
  const issuer = issuers.find(({ name }) => name === visit.field('issuer'));
  if (issuer === undefined) return null;
  return {
    title: `Stop trusting ${issuer.name}?`,
    lead: 'Jobs that it vouches for get no token any more, anywhere. This can’t be undone.',
    act: `Stop trusting ${issuer.name}`,
    consequences: [
      {
        title:
          issuer.rules === 0
            ? 'No rule ends'
            : `${issuer.rules === 1 ? '1 rule ends' : `${issuer.rules} rules end`}, with every token that they gave`,
        stays: issuer.rules === 0,
      },
      { title: 'Stays: machine accounts, and rules of other issuers', stays: true },
    ],
    subject: [issuer.id, issuer.rules],
    within: InstanceArea,
  };
}

async function remove(visit: Visit): Promise<Answer> {
  const name = visit.field('issuer');
  await removeIssuer(visit.ctx, await onInstance(visit, WRITE), name);
  return redirect(PATH, {
    tone: 'success',
    text: `${name} is no longer trusted. Its rules and what they gave have ended.`,
  });
}
