/** One machine account: what it is used by, its tokens, a new one, whose secret is shown here once, and its end. */
import type { VNode } from 'preact';
import {
  createMachineToken,
  listMachineTokens,
  type MachineToken,
  revokeMachineToken,
} from '../../../actions/organizations/machine-tokens.ts';
import { readMachine, removeMachine } from '../../../actions/organizations/machines.ts';
import { present } from '../../../base/present.ts';
import { MAX_NAME_LENGTH } from '../../../rules/token-limits.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { SecretBox, Subhead, Time } from '../parts/components.tsx';
import { Fields } from '../parts/fields.ts';
import { CancelLink, ErrorSummary, Form, Hidden } from '../parts/form.tsx';
import { Right } from '../parts/spoken.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { readExpiry } from '../tokens/form/draft.ts';
import { ExpirationField } from '../tokens/form/expiration-field.tsx';
import { RestrictionFields, readRestrictions } from '../tokens/form/restrictions.tsx';
import { idTyped, organizationPath } from './area.tsx';
import { grantIn, MachineGrantFields } from './machine-grant-fields.tsx';
import { type Place, pathOf, rulesPath, UsedBy } from './machine-place.tsx';
import { asksToDelete, asksToRevoke } from './machine-questions.tsx';

/** The most tokens of one machine that its page shows. */
const TOKENS_SHOWN = 100;

async function show(place: Place, visit: Visit): Promise<Answer> {
  const permit = await place.permit(visit, false);
  const login = visit.param('machine');
  const machine = await readMachine(visit.ctx, permit, login);
  const tokens = await listMachineTokens(visit.ctx, permit, login, { beforeId: null, limit: TOKENS_SHOWN });
  const secret = visit.flash?.once?.['secret'] as string | undefined;
  const { Area } = place;
  const { account } = machine;
  return page(
    account.login,
    <Area visit={visit}>
      <Subhead title={account.login} level={1} />
      <p class="lk-break">
        <bdi>{account.name}</bdi>
      </p>
      <UsedBy machine={machine} />
      {secret === undefined ? null : <NewSecret secret={secret} />}
      <p class="mt-3">
        It gets roles as people do: as a collaborator in the settings of a repository
        {place.ownerKind === 'organization' ? (
          <>
            , or as a <a href={organizationPath(visit.param('org'), 'people')}>member</a> of the organization
          </>
        ) : null}
        .
      </p>
      <h2 class="f3 mt-4 mb-2">Tokens</h2>
      {tokens.length === 0 ? <p>No tokens yet.</p> : <Tokens visit={visit} tokens={tokens} />}
      <NewToken place={place} visit={visit} />
      <h2 class="f3 mt-4 mb-2">Jobs without a stored secret</h2>
      <p>
        A job on GitHub Actions, GitLab CI or Kubernetes gets a token by a{' '}
        <a href={rulesPath(place, visit, account.login)}>rule for workloads</a>.
      </p>
      <h2 class="f3 mt-4 mb-2">Delete</h2>
      <Form f={visit.fields('delete')} submit={`Delete ${account.login}`} tone="danger">
        <p>Its tokens stop working with the next request, its roles are gone, and nobody gets its name for 90 days.</p>
      </Form>
    </Area>,
  );
}

function NewSecret({ secret }: { secret: string }): VNode {
  return (
    <section aria-labelledby="secret-title" class="my-3">
      <h2 class="f5 mb-2" id="secret-title" tabIndex={-1} data-focus>
        The new token
      </h2>
      <SecretBox id="new-token" secret={secret} />
      <p class="note mt-2">
        <strong>Copy it now. It is shown only once.</strong>
      </p>
    </section>
  );
}

function Tokens({ visit, tokens }: { visit: Visit; tokens: readonly MachineToken[] }): VNode {
  return (
    <div class="Box mb-3">
      <ul>
        {tokens.map((token) => (
          <li class="Box-row">
            <p class="mb-1 lk-break">
              <a class="text-bold" href={`${visit.path}/tokens/${token.id}`}>
                {token.name}
              </a>{' '}
              <span class="lk-mono">…{token.lastEight}</span>
            </p>
            <p class="mb-1 lk-break">
              <Right token={token} reader="keeper" />
            </p>
            <p class="mb-1 color-fg-muted">
              {token.isOfRule ? 'for jobs, by a rule; ' : ''}made <Time at={token.createdAt} />
              {token.expiresAt === null ? (
                ', never ends'
              ) : (
                <>
                  , ends <Time at={token.expiresAt} />
                </>
              )}
            </p>
            <Form f={visit.fields('revoke')} submit={`Revoke ${token.name}`} tone="danger" inline>
              <Hidden name="id" value={String(token.id)} />
            </Form>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Its buttons besides the last send it back filled in (`show`), as in the form for one's own tokens. */
function NewToken({ place, visit }: { place: Place; visit: Visit }): VNode {
  const { token, nonce } = visit.fields('create');
  const isTyped = ['create', 'show'].includes(visit.typed?.get('form') ?? '');
  const typed = isTyped ? visit.typed : null;
  const source = typed ?? new URLSearchParams();
  const f = new Fields({ id: 'token', token, nonce, typed, query: visit.query, problem: visit.problem });
  return (
    <>
      <h2 class="f3 mt-4 mb-2">New token</h2>
      <form method="post" action={visit.path} class="lk-form" data-live-form noValidate>
        <Hidden name="token" value={f.token} />
        <Hidden name="nonce" value={f.nonce} />
        <ErrorSummary f={f} />
        <TextField f={f} name="name" label="Token name" required maxLength={MAX_NAME_LENGTH} spellcheck={false} />
        <ExpirationField f={f} at={visit.ctx.clock.now()} capDays={null} />
        <MachineGrantFields place={place} visit={visit} f={f} source={source} />
        <RestrictionFields f={f} />
        {/* After the buttons that send another value, because the first one counts. */}
        <Hidden name="form" value="create" />
        <button type="submit" class="btn btn-primary">
          Generate token
        </button>
        <CancelLink />
      </form>
    </>
  );
}

async function makeToken(place: Place, visit: Visit): Promise<Answer> {
  const typed = present(visit.typed, 'the form');
  const { secret } = await createMachineToken(visit.ctx, await place.permit(visit, true), visit.param('machine'), {
    name: visit.field('name'),
    description: '',
    ...readExpiry(typed),
    ...readRestrictions(typed),
    grants: [grantIn(typed, null)],
  });
  return redirect(pathOf(place, visit, visit.param('machine')), {
    tone: 'success',
    text: '',
    once: { secret: secret.reveal() },
  });
}

export function machinePage(place: Place): WebPage {
  return {
    path: `${place.pattern}/:machine`,
    access: 'sudo',
    get: (visit) => show(place, visit),
    forms: {
      create: { once: true, run: (visit) => makeToken(place, visit) },
      show: { run: (visit) => show(place, visit) },
      revoke: {
        asks: (visit) => asksToRevoke(place, visit),
        run: async (visit) => {
          await revokeMachineToken(visit.ctx, await place.permit(visit, true), {
            login: visit.param('machine'),
            id: idTyped(visit),
          });
          return redirect(pathOf(place, visit, visit.param('machine')), {
            tone: 'success',
            text: 'The token is revoked.',
          });
        },
      },
      delete: {
        asks: (visit) => asksToDelete(place, visit),
        run: async (visit) => {
          const login = visit.param('machine');
          await removeMachine(visit.ctx, await place.permit(visit, true), login);
          return redirect(place.path(visit), { tone: 'success', text: `${login} is gone.` });
        },
      },
    },
  };
}
