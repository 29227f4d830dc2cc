/** For the administrator: every active token of the instance. */
import type { VNode } from 'preact';
import { endingsOfTokens } from '../../../actions/organizations/what-ends.ts';
import { revokeToken } from '../../../actions/tokens/tokens.ts';
import { allTokenTable, type ListedToken, type TableWish } from '../../../actions/tokens/use/lists.ts';
import { InstanceArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { endingTokens, subjectOf } from '../organizations/endings.tsx';
import { Avatar, Blankslate, Label, Notice, Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { NameOf } from '../parts/person.tsx';
import { Right, Spoken } from '../parts/spoken.tsx';
import { ListFoot, ListSearch, ListTable, listPath, Sparkline } from '../parts/table-tools.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Ends, LastUse, StateLabel } from '../tokens/lists.tsx';
import { footOf, NothingFound, TokenHeads, TokenTools, tableWish } from '../tokens/table.tsx';
import { pickedTokens, tokensPermit } from './token-picks.tsx';

const PATH = '/instance/tokens';

async function tokens(visit: Visit): Promise<Answer> {
  const permit = await tokensPermit(visit, 'read');
  const owner = (visit.query.get('owner') ?? '').trim();
  const asked = tableWish(visit);
  // Of everybody's tokens one page is read, the newest first: any other order would read them all.
  const wish: TableWish = owner === '' ? { ...asked, tab: 'all', sort: 'created', descending: true } : asked;
  const table = await allTokenTable(visit.ctx, permit, owner === '' ? null : owner, wish);
  const { rows, counts } = table;
  return page(
    'Active tokens',
    <InstanceArea visit={visit}>
      <Subhead title="Active tokens" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      )}
      {owner === '' ? (
        <ListSearch visit={visit} label="Name, repository, permission or last characters" value={wish.text} />
      ) : (
        <>
          <p>
            Tokens of <bdi class="text-bold">{owner}</bdi>.{' '}
            <a href={listPath(visit, { owner: null, state: null, sort: null, direction: null })}>Show everybody’s</a>
          </p>
          <TokenTools visit={visit} wish={wish} counts={counts} />
        </>
      )}
      {rows.length === 0 && owner === '' && wish.text === '' ? (
        <Blankslate heading="No tokens yet" icon="key">
          Every token that somebody makes is listed here.
        </Blankslate>
      ) : rows.length === 0 ? (
        <NothingFound visit={visit} wish={wish} />
      ) : (
        <Form f={visit.fields('revoke')} submit="Revoke" tone="danger">
          <ListTable
            label="Tokens"
            heads={
              <>
                <th scope="col">
                  <span class="sr-only">Select</span>
                </th>
                {owner === '' ? <PlainHeads /> : <TokenHeads visit={visit} wish={wish} />}
              </>
            }
            foot={<ListFoot visit={visit} page={wish.page} {...footOf(wish, counts, rows.length)} />}
          >
            {rows.map((token) => (
              <Row visit={visit} token={token} />
            ))}
          </ListTable>
        </Form>
      )}
    </InstanceArea>,
  );
}

function PlainHeads(): VNode {
  return (
    <>
      {['Token', 'Use, 30 days', 'Last used', 'Ends'].map((label) => (
        <th scope="col">{label}</th>
      ))}
    </>
  );
}

function Row({ visit, token }: { visit: Visit; token: ListedToken }): VNode {
  const id = `token-${token.id}`;
  return (
    <tr>
      <td>
        <input type="checkbox" id={id} name="ids" value={String(token.id)} aria-describedby={`${id}-facts`} />
      </td>
      <td class="lk-token-what">
        <label for={id}>
          <NameOf name={token.name} login={token.owner.login} />
        </label>{' '}
        <Label>{KIND_WORDS[token.kind]}</Label> <StateLabel token={token} />
        <div class="lk-person">
          <Avatar login={token.owner.login} />
          <a href={listPath(visit, { owner: token.owner.login })}>{token.owner.login}</a>
        </div>
        <p class="mb-0 f6" id={`${id}-facts`}>
          <Right token={token} reader="other" />
        </p>
      </td>
      <td>
        <Sparkline daily={token.daily} refused={token.dailyRefused} />
      </td>
      <td data-label="Used">
        <LastUse token={token} short />
      </td>
      <td data-label="Ends">
        <Ends token={token} at={visit.ctx.clock.now()} short />
      </td>
    </tr>
  );
}

async function asksToRevoke(visit: Visit): Promise<Question> {
  const endings = await endingsOfTokens(visit.ctx, await tokensPermit(visit, 'write'), pickedTokens(visit));
  const one = endings.tokens.length === 1;
  return {
    title: `Revoke ${one ? 'this token' : `${endings.tokens.length} tokens`}?`,
    lead: `Whatever uses ${one ? 'it' : 'them'} is refused from the next request on, everywhere.`,
    act: one ? 'Revoke this token' : `Revoke ${endings.tokens.length} tokens`,
    consequences: [
      endingTokens(endings),
      { title: 'This can’t be undone', facts: `${one ? 'Its owner needs' : 'Their owners need'} new tokens.` },
    ],
    subject: subjectOf(endings),
    reasonGoesTo: ` and the mail to ${endings.people === 1 ? endings.tokens[0]?.owner : 'their owners'}`,
    within: InstanceArea,
  };
}

async function revoke(visit: Visit): Promise<Answer> {
  const ids = pickedTokens(visit);
  const permit = await tokensPermit(visit, 'write');
  for (const id of ids) await revokeToken(visit.ctx, permit, id, permit.actor.login, { reason: visit.field('reason') });
  return redirect(PATH, {
    tone: 'success',
    text: ids.length === 1 ? 'The token is revoked.' : `${ids.length} tokens are revoked.`,
  });
}

export const instanceTokenPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'administrator',
    get: tokens,
    forms: { revoke: { once: true, asks: asksToRevoke, run: revoke } },
  },
];
