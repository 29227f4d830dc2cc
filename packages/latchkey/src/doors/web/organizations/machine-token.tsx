/** One token of a machine account: what it can do, an edit that keeps its secret, and a new secret. */
import type { VNode } from 'preact';
import {
  editMachineToken,
  type MachineToken,
  type MachineTokenName,
  machineRenewalCap,
  readMachineToken,
  renewMachineToken,
} from '../../../actions/organizations/machine-tokens.ts';
import { present } from '../../../base/present.ts';
import { MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from '../../../rules/token-limits.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Subhead, Time } from '../parts/components.tsx';
import { Fields } from '../parts/fields.ts';
import { CancelLink, ErrorSummary, Form, Hidden } from '../parts/form.tsx';
import { Right } from '../parts/spoken.tsx';
import { TextArea, TextField } from '../parts/text-fields.tsx';
import { RenewalFields, readRenewal } from '../tokens/form/renewal-fields.tsx';
import { RestrictionFacts, RestrictionFields, readRestrictions } from '../tokens/form/restrictions.tsx';
import { idParam } from '../tokens/kinds.ts';
import { Ends, LastUse, StateLabel } from '../tokens/lists.tsx';
import { grantIn, MachineGrantFields, repositoriesOf } from './machine-grant-fields.tsx';
import { type Place, pathOf, rulesPath } from './machine-place.tsx';

const nameIn = (visit: Visit): MachineTokenName => ({ login: visit.param('machine'), id: idParam(visit) });

async function show(place: Place, visit: Visit): Promise<Answer> {
  const permit = await place.permit(visit, false);
  const name = nameIn(visit);
  const token = await readMachineToken(visit.ctx, permit, name);
  const capDays = await machineRenewalCap(visit.ctx, permit, name);
  const at = visit.ctx.clock.now();
  const { Area } = place;
  return page(
    token.name,
    <Area visit={visit}>
      <Subhead title={token.name} level={1} />
      <p class="color-fg-muted lk-break">
        A token of the machine account <a href={pathOf(place, visit, name.login)}>{token.owner.login}</a>.
      </p>
      <p class="f4 mb-2 lk-break">
        <StateLabel token={token} /> <Right token={token} reader="keeper" />
      </p>
      {token.revokedAt === null ? null : (
        <p class="color-fg-danger mb-2">
          Ended <Time at={token.revokedAt} /> by {token.revokedBy ?? 'nobody in particular'}.
        </p>
      )}
      <p class="color-fg-muted lk-break">
        secret …{token.lastEight} · made <Time at={token.createdAt} /> · <Ends token={token} at={at} /> ·{' '}
        <LastUse token={token} />
      </p>
      <RestrictionFacts token={token} />
      {token.isOfRule ? (
        <p>
          Nobody has its secret: jobs get their tokens from it, through a{' '}
          <a href={rulesPath(place, visit, name.login)}>rule for workloads</a>. What you change here applies to those
          tokens, too.
        </p>
      ) : null}
      {token.revokedAt === null ? (
        <>
          {token.isOfRule ? null : <NewSecret visit={visit} token={token} capDays={capDays} />}
          <Edit place={place} visit={visit} token={token} />
        </>
      ) : null}
    </Area>,
  );
}

function NewSecret({ visit, token, capDays }: { visit: Visit; token: MachineToken; capDays: number | null }): VNode {
  const f = visit.fields('renew');
  return (
    <>
      <h2 class="f3 mt-4 mb-2">New secret</h2>
      <p>The token keeps its name and what it can do. Its new secret is shown once.</p>
      <Form f={f} submit="Make a new secret">
        <RenewalFields f={f} at={visit.ctx.clock.now()} token={token} capDays={capDays} />
      </Form>
    </>
  );
}

/** Its buttons besides the last send it back filled in (`show`), as in the form for a new one. */
function Edit({ place, visit, token }: { place: Place; visit: Visit; token: MachineToken }): VNode {
  const { token: key, nonce } = visit.fields('create');
  const isTyped = ['create', 'show'].includes(visit.typed?.get('form') ?? '');
  const typed = isTyped ? visit.typed : null;
  const source = typed ?? new URLSearchParams(token.grants[0]?.permissions as Record<string, string> | undefined);
  const f = new Fields({
    id: 'token',
    token: key,
    nonce,
    typed,
    query: visit.query,
    problem: isTyped ? visit.problem : null,
  });
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Edit</h2>
      <form method="post" action={visit.path} class="lk-form" data-live-form noValidate>
        <Hidden name="token" value={f.token} />
        <Hidden name="nonce" value={f.nonce} />
        <ErrorSummary f={f} />
        <TextField
          f={f}
          name="name"
          label="Token name"
          value={token.name}
          required
          maxLength={MAX_NAME_LENGTH}
          spellcheck={false}
        />
        <TextArea
          f={f}
          name="description"
          label="Description"
          value={token.description}
          rows={2}
          maxLength={MAX_DESCRIPTION_LENGTH}
        />
        <MachineGrantFields place={place} visit={visit} f={f} source={source} repositories={repositoriesOf(token)} />
        <RestrictionFields f={f} token={token} />
        {/* After the buttons that send another value, because the first one counts. */}
        <Hidden name="form" value="create" />
        <button type="submit" class="btn btn-primary">
          Save
        </button>
        <CancelLink />
      </form>
    </>
  );
}

async function save(place: Place, visit: Visit): Promise<Answer> {
  const typed = present(visit.typed, 'the form');
  const permit = await place.permit(visit, true);
  const name = nameIn(visit);
  const token = await readMachineToken(visit.ctx, permit, name);
  await editMachineToken(visit.ctx, permit, name, {
    name: visit.field('name'),
    description: visit.field('description').replaceAll('\r\n', '\n'),
    grants: [grantIn(typed, token)],
    ...readRestrictions(typed, token),
  });
  return redirect(visit.path, { tone: 'success', text: 'Token updated. Its secret stays the same.' });
}

async function renew(place: Place, visit: Visit): Promise<Answer> {
  const { draft, overlapSec } = readRenewal(visit);
  const permit = await place.permit(visit, true);
  const { secret } = await renewMachineToken(visit.ctx, permit, nameIn(visit), draft, overlapSec);
  return redirect(pathOf(place, visit, visit.param('machine')), {
    tone: 'success',
    text: '',
    once: { secret: secret.reveal() },
  });
}

export function machineTokenPage(place: Place): WebPage {
  return {
    path: `${place.pattern}/:machine/tokens/:id`,
    access: 'sudo',
    get: (visit) => show(place, visit),
    forms: {
      create: { run: (visit) => save(place, visit) },
      show: { run: (visit) => show(place, visit) },
      renew: { once: true, run: (visit) => renew(place, visit) },
    },
  };
}
