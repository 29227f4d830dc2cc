/** What an organization, or the instance, allows its tokens: one form for both, because the choices are the same. */
import type { VNode } from 'preact';
import {
  type PolicyChange,
  type PolicyInForce,
  readPolicy,
  type StoredPolicy,
} from '../../../actions/organizations/policies.ts';
import { changePolicy } from '../../../actions/organizations/policy-change.ts';
import { endingsOfPolicy } from '../../../actions/organizations/what-ends.ts';
import { isoDate } from '../../../base/time.ts';
import { BASE_PERMISSIONS, type BasePermission } from '../../../catalogue/roles.ts';
import { TOKEN_KINDS, type TokenKind } from '../../../rules/model.ts';
import { MAX_LIFETIME_DAYS } from '../../../rules/policy.ts';
import { InstanceArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { page, redirect, type WebPage } from '../frame/web-page.ts';
import { Checkbox, ConfirmLockOut, Select } from '../parts/choice-fields.tsx';
import { Instant, Subhead } from '../parts/components.tsx';
import type { Fields } from '../parts/fields.ts';
import { Form } from '../parts/form.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Services } from '../tokens/services.tsx';
import { OrganizationArea, organizationPath, organizationPermit } from './area.tsx';
import { ALLOWED, APPROVAL, Choice, chosenOf } from './policy-choice.tsx';
import { asksToSavePolicy, policyQuestion } from './questions.tsx';

const APPROVAL_NOTE =
  'Until a token is approved, it reads public resources only. Tokens of owners need no approval. If you turn it off, ' +
  'what waits is granted.';

interface FormProps {
  f: Fields;
  chosen: StoredPolicy;
  /** The instance's choices; null for its own form. */
  above: StoredPolicy | null;
}

function PolicyForm({ f, chosen, above }: FormProps): VNode {
  const isInstance = above === null;
  return (
    <Form f={f} submit="Save policy">
      {TOKEN_KINDS.map((kind) => (
        <KindFields f={f} chosen={chosen} kind={kind} above={above} />
      ))}
      <Choice
        f={f}
        name="requires_approval"
        label="Approval of fine-grained tokens"
        chosen={chosen.requiresApproval}
        above={above?.requiresApproval ?? null}
        choices={APPROVAL(isInstance)}
        note={APPROVAL_NOTE}
      />
      <TextField
        f={f}
        name="two_factor_from"
        label="Two-factor authentication is required from"
        type="date"
        block={false}
        value={chosen.twoFactorFrom === null ? '' : isoDate(chosen.twoFactorFrom)}
        note="From 00:00 UTC on that day, people without it can read only public resources. Blank: not required."
      />
      {isInstance ? (
        <Checkbox
          f={f}
          name="exempt_administrators"
          label="Exempt administrators from maximum lifetimes"
          checked={chosen.exemptAdministrators}
        />
      ) : (
        <OrganizationFields f={f} chosen={chosen} />
      )}
    </Form>
  );
}

function KindFields({ f, chosen, kind, above }: FormProps & { kind: TokenKind }): VNode {
  const isInstance = above === null;
  const days = chosen.maxLifetimeDays[kind];
  const cap = above?.maxLifetimeDays[kind] ?? null;
  return (
    <fieldset class="Box p-3 mb-3">
      <legend class="text-bold px-1">{KIND_WORDS[kind]} tokens</legend>
      <Choice
        f={f}
        name={`allowed.${kind}`}
        label={`Access by ${kind} tokens`}
        chosen={chosen.allowed[kind]}
        above={above?.allowed[kind] ?? null}
        choices={ALLOWED(isInstance)}
        note="Public resources stay readable either way."
      />
      <TextField
        f={f}
        name={`max_lifetime_days.${kind}`}
        label={`Maximum lifetime of ${kind} tokens, in days`}
        type="number"
        block={false}
        min="1"
        max={String(MAX_LIFETIME_DAYS)}
        value={days === null ? '' : String(days)}
        note={
          (cap === null
            ? `1 to ${MAX_LIFETIME_DAYS}; blank: no maximum${isInstance ? '' : ' but the instance’s'}. `
            : `1 to ${cap}, which is the instance’s maximum; blank: that one. `) +
          'Tokens that live longer are refused, not deleted.'
        }
      />
    </fieldset>
  );
}

function OrganizationFields({ f, chosen }: { f: Fields; chosen: StoredPolicy }): VNode {
  return (
    <>
      <Select
        f={f}
        name="base_permission"
        label="What every member may do in each repository"
        value={chosen.basePermission ?? 'read'}
        choices={BASE_PERMISSIONS.map((value) => ({ value, label: value }))}
      />
      <TextArea
        f={f}
        name="allowed_addresses"
        label="Only from these addresses"
        rows={3}
        value={(chosen.allowedAddresses ?? []).join('\n')}
        note="IP addresses or CIDR blocks, one per line. Blank: anywhere."
      />
      <ConfirmLockOut f={f} />
    </>
  );
}

/** The typed life of tokens: blank means none, and anything but a number is reported. */
function daysOf(text: string): number | null {
  return text === '' ? null : /^\d{1,6}$/.test(text) ? Number(text) : NaN;
}

/** 00:00 UTC of a day; null for blank, and anything but a day is reported. */
function dayOf(text: string): number | null {
  return text === '' ? null : Date.parse(`${text}T00:00:00Z`) / 1000;
}

function changeOf(visit: Visit, isInstance: boolean): PolicyChange {
  const perKind = <T,>(read: (kind: TokenKind) => T) =>
    Object.fromEntries(TOKEN_KINDS.map((kind) => [kind, read(kind)])) as Record<TokenKind, T>;
  const addresses = visit
    .field('allowed_addresses')
    .split(/[\s,]+/)
    .filter((each) => each !== '');
  const base =
    BASE_PERMISSIONS.find((each) => each === visit.field('base_permission')) ?? ('read' satisfies BasePermission);
  return {
    allowed: perKind((kind) => chosenOf(visit.field(`allowed.${kind}`))),
    maxLifetimeDays: perKind((kind) => daysOf(visit.field(`max_lifetime_days.${kind}`))),
    requiresApproval: chosenOf(visit.field('requires_approval')),
    twoFactorFrom: dayOf(visit.field('two_factor_from')),
    ...(isInstance
      ? { exemptAdministrators: visit.field('exempt_administrators') === 'on' }
      : {
          basePermission: base,
          allowedAddresses: addresses.length === 0 ? null : addresses,
          confirmLockOut: visit.field('confirm_lock_out') === 'on',
        }),
  };
}

/** The result, where the instance has a say. */
function InForce({ policy }: { policy: PolicyInForce }): VNode {
  const words = TOKEN_KINDS.map((kind) => {
    const { allowed, maxLifetimeDays } = policy.effective.kinds[kind];
    const cap = allowed && maxLifetimeDays !== null ? ` for at most ${maxLifetimeDays} days` : '';
    return `${KIND_WORDS[kind].toLowerCase()} ${allowed ? 'allowed' : 'restricted'}${cap}`;
  });
  return (
    <p class="color-fg-muted">
      In force, with the instance’s policy: {words.join(', ')}; approval{' '}
      {policy.effective.requiresApproval ? 'required' : 'not required'}; two-factor authentication{' '}
      {policy.effective.twoFactorFrom === null ? (
        'not required'
      ) : (
        <>
          required from <Instant at={policy.effective.twoFactorFrom} />
        </>
      )}
      .
    </p>
  );
}

const INSTANCE_NEED = (level: 'read' | 'write') =>
  ({ sets: [{ instance_policies: level }], publicRead: false, writes: level === 'write' }) as const;

export const policyPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/personal-access-token-policy',
    access: 'sudo',
    get: async (visit) => {
      const organization = visit.param('org');
      const policy = await readPolicy(
        visit.ctx,
        await organizationPermit(visit, { organization_administration: 'read' }, false),
        organization,
      );
      return page(
        `Token policy of ${organization}`,
        <OrganizationArea visit={visit}>
          <Subhead title="Token policy" level={1} />
          <InForce policy={policy} />
          <PolicyForm f={visit.fields('policy')} chosen={policy.chosen} above={policy.instance} />
          <Services visit={visit} organization={organization} />
        </OrganizationArea>,
      );
    },
    forms: {
      policy: {
        asks: (visit) => asksToSavePolicy(visit, changeOf(visit, false)),
        run: async (visit) => {
          await changePolicy(
            visit.ctx,
            await organizationPermit(visit, { organization_administration: 'write' }),
            visit.param('org'),
            changeOf(visit, false),
          );
          return redirect(organizationPath(visit.param('org'), 'personal-access-token-policy'), {
            tone: 'success',
            text: 'Policy saved. It is in force now.',
          });
        },
      },
    },
  },
  {
    path: '/instance/policy',
    access: 'administrator',
    get: async (visit) => {
      const policy = await readPolicy(visit.ctx, await visit.permit(INSTANCE_NEED('read'), { kind: 'instance' }), null);
      return page(
        'Token policy of the instance',
        <InstanceArea visit={visit}>
          <Subhead title="Token policy" level={1} />
          <p class="color-fg-muted">
            These rules apply to every organization. An organization may set shorter lifetimes, never longer ones.
          </p>
          <PolicyForm f={visit.fields('policy')} chosen={policy.chosen} above={null} />
          <Services visit={visit} organization={null} />
        </InstanceArea>,
      );
    },
    forms: {
      policy: {
        asks: async (visit) => {
          const permit = await visit.permit(INSTANCE_NEED('write'), { kind: 'instance' });
          const endings = await endingsOfPolicy(visit.ctx, permit, null, changeOf(visit, true));
          return policyQuestion(endings, InstanceArea);
        },
        run: async (visit) => {
          await changePolicy(
            visit.ctx,
            await visit.permit(INSTANCE_NEED('write'), { kind: 'instance' }),
            null,
            changeOf(visit, true),
          );
          return redirect('/instance/policy', {
            tone: 'success',
            text: 'Policy saved. It is in force now.',
          });
        },
      },
    },
  },
];
