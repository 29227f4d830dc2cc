/**
 * "May this token do that?" as a page: the answer, every reason, what mends it, and who can. Nothing is done or spent.
 */
import type { VNode } from 'preact';
import type { Objection, Posed } from '../../../../actions/questions/asked.ts';
import { dryRun } from '../../../../actions/questions/dry-run.ts';
import { whoMends } from '../../../../actions/questions/menders.ts';
import { faultWords } from '../../../../actions/questions/request-errors.ts';
import { listOwnTokens, readToken } from '../../../../actions/tokens/own-tokens.ts';
import type { TokenView } from '../../../../actions/tokens/views.ts';
import { Problem } from '../../../../base/errors.ts';
import { acceptedPermissions, demandsNoPermission } from '../../../../catalogue/needs.ts';
import { DEVELOPER_MENU } from '../../frame/menus.ts';
import { WithMenu } from '../../frame/rail.tsx';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, page, type WebPage } from '../../frame/web-page.ts';
import { Blankslate, CommandBox, Notice, Subhead } from '../../parts/components.tsx';
import { Spoken } from '../../parts/spoken.tsx';
import { FINE_GRAINED_PATH, KIND_WORDS, pathOfToken } from '../kinds.ts';
import { AskNav, CheckForm } from './form.tsx';
import { askIn, CHECK_PATH, questionIn } from './question.ts';

const TITLE = 'May a token do this?';
/** The newest tokens, to choose from. */
const MAX_OFFERED = 100;

interface Told {
  readonly token: TokenView;
  readonly posed: Posed | null;
  readonly objection: Objection;
  /** Who can take the causes away; empty when it is allowed, or the request itself is at fault. */
  readonly who: readonly string[];
}

async function show(visit: Visit): Promise<Answer> {
  const permit = await visit.ownPermit();
  const tokens = await listOwnTokens(visit.ctx, permit, {}, { beforeId: null, limit: MAX_OFFERED });
  const asked = visit.query.get('token') ?? '';
  const token = /^[1-9]\d{0,14}$/.test(asked)
    ? (tokens.find(({ id }) => id === Number(asked)) ?? (await readToken(visit.ctx, permit, Number(asked))))
    : (tokens[0] ?? null);
  const answer = token === null ? null : await answerFor(visit, token);
  const offered = token === null || tokens.some(({ id }) => id === token.id) ? tokens : [token, ...tokens];
  return page(
    TITLE,
    <WithMenu visit={visit} menu={DEVELOPER_MENU}>
      <Subhead title={TITLE} level={1} />
      <p class="color-fg-muted">The same check that real requests go through. Nothing is changed or used up.</p>
      {token === null ? (
        <Blankslate heading="You have no token">
          <a href={`${FINE_GRAINED_PATH}/new`}>Create one</a>
        </Blankslate>
      ) : (
        <>
          {answer === null ? null : 'token' in answer ? (
            <Told visit={visit} told={answer} />
          ) : (
            <Wrong problem={answer} />
          )}
          <AskNav ask={askIn(visit.query)} tokenId={token.id} />
          <CheckForm
            f={visit.fields('check')}
            ask={askIn(visit.query)}
            tokens={offered.map(({ id, name, kind }) => ({
              value: String(id),
              label: `${name} (${KIND_WORDS[kind]})`,
            }))}
            tokenId={token.id}
            address={visit.visitor.address}
          />
        </>
      )}
    </WithMenu>,
  );
}

async function answerFor(visit: Visit, token: TokenView): Promise<Told | Problem | null> {
  try {
    const question = questionIn(visit);
    if (question === null) return null;
    const permit = await visit.ownPermit();
    const from = (visit.query.get('from') ?? '').trim() || visit.visitor.address;
    const { objection, posed } = await dryRun(visit.ctx, permit, token.id, question, from);
    const who =
      objection !== null && 'explanation' in objection ? await whoMends(visit.ctx, permit, objection.explanation) : [];
    return { token, posed, objection, who };
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function Wrong({ problem }: { problem: Problem }): VNode {
  return (
    <Notice tone="error" role="alert">
      <Spoken words={problem.message} />
    </Notice>
  );
}

function Told({ visit, told }: { visit: Visit; told: Told }): VNode {
  const { token, posed, objection, who } = told;
  const link = <a href={pathOfToken(token)}>{token.name}</a>;
  return (
    <section aria-labelledby="answer" class="mb-4">
      <Notice tone={objection === null ? 'success' : 'error'} role="status">
        <h2 class="f4 mb-0" id="answer">
          {objection === null ? 'Yes' : 'No'}
        </h2>
        <p class="mb-0 lk-break">
          {objection === null ? <>The token {link} may do this, now and from there.</> : <>The token {link} may not.</>}
        </p>
      </Notice>
      <dl class="lk-facts">
        {posed === null ? null : (
          <>
            <dt>It needs</dt>
            <dd class="lk-break">
              {needWords(posed)}
              {posed.by === undefined ? null : (
                <p class="note mb-0">
                  By the route map of {posed.by.service}:{' '}
                  <code>
                    {posed.by.method} {posed.by.path}
                  </code>
                  {posed.by.when === null ? null : (
                    <>
                      , when <code>{posed.by.when}</code>
                    </>
                  )}
                </p>
              )}
            </dd>
          </>
        )}
        {objection === null ? null : (
          <>
            <dt>Why not</dt>
            <dd>
              <ul class="pl-3 lk-bullets">
                {reasonsOf(objection).map((reason) => (
                  <li class="lk-break">
                    <Spoken words={reason} />
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
        <Fix visit={visit} objection={objection} />
        {who.length === 0 ? null : (
          <>
            <dt>Who can change that</dt>
            <dd class="lk-break">{who.join(' And: ')}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function reasonsOf(objection: Exclude<Objection, null>): readonly string[] {
  if ('error' in objection) return [faultWords(objection)];
  return [objection.explanation.sentence, ...objection.explanation.also];
}

function Fix({ visit, objection }: { visit: Visit; objection: Objection }): VNode | null {
  if (objection === null || 'error' in objection) return null;
  const { text, url, command } = objection.explanation.remedy;
  const { publicUrl } = visit.ctx.settings;
  const path = url?.startsWith(`${publicUrl}/`) === true ? url.slice(publicUrl.length) : url;
  const words = text.replace(/:$/, '');
  return (
    <>
      <dt>What mends it</dt>
      <dd>
        {path === null ? <p class="mb-0">{words}.</p> : <a href={path}>{words}</a>}
        {command === null ? null : <CommandBox id="way-out" lines={command} label="Command" />}
      </dd>
    </>
  );
}

/** `contents: write on acme/site`, alternatives with "or". */
function needWords({ need, target }: Posed): string {
  const where =
    target.kind === 'repository'
      ? ` on ${target.owner}/${target.name}`
      : target.kind === 'instance'
        ? ' on this server'
        : target.kind === 'every-organization'
          ? ' on every organization here, since the address names one by its number'
          : target.login === null
            ? ' on your account'
            : ` on ${target.login}`;
  if (demandsNoPermission(need)) return `any token that works${where}`;
  const sets = acceptedPermissions(need).replaceAll('=', ': ').replaceAll(',', ' and ').replaceAll('; ', ', or ');
  return `${sets}${where}${need.publicRead ? ', unless it is public' : ''}`;
}

export const tokenCheckPages: readonly WebPage[] = [{ path: CHECK_PATH, access: 'sudo', get: show }];
