/**
 * For the administrator: what the last restoration of a backup ended, and which of the tokens in doubt live again.
 */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import {
  listTokensInDoubt,
  type PastRestoration,
  type Resolved,
  readRestoration,
  resolveTokens,
  type Verdict,
} from '../../../actions/instance/tokens-in-doubt.ts';
import { problem } from '../../../base/errors.ts';
import { InstanceArea } from '../frame/areas.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { Blankslate, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { pickedTokens, TOKENS_ON_A_PAGE, TokenPicks, tokensPermit } from './token-picks.tsx';

const PATH = '/instance/restoration';
/** Failures that a message names. */
const MAX_NAMED = 5;

const KNOWN: Readonly<Record<PastRestoration['known'], string>> = {
  tail: 'A copy of the audit log said what had been ended since the backup.',
  'end-all-tokens': 'Nobody knew what had been ended since the backup, so every token was revoked.',
  'nothing-ended': 'The operator said that nothing had been ended since the backup.',
};

async function show(visit: Visit): Promise<Answer> {
  const permit = await tokensPermit(visit, 'read');
  const { last, inDoubt } = await readRestoration(visit.ctx, permit);
  return page(
    'Restoration',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Restoration" level={1} />
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      )}
      {last === null ? (
        <Blankslate heading="The database was never restored from a backup" />
      ) : (
        <>
          <Past last={last} />
          <Subhead title={inDoubt === 0 ? 'No token is in doubt' : `Tokens in doubt (${inDoubt})`} level={2} />
          {inDoubt === 0 ? null : await doubts(visit, permit, inDoubt)}
        </>
      )}
    </WithMenu>,
  );
}

function Past({ last }: { last: PastRestoration }): VNode {
  const byHand = Object.entries(last.byHand);
  return (
    <div class="mb-4">
      <p>
        The database was restored from a backup <Time at={last.at} />. {KNOWN[last.known]}
      </p>
      <ul class="pl-4">
        {last.lostEntries === null ? null : <li>Audit log entries lost: {last.lostEntries}</li>}
        <li>Tokens revoked: {last.endedTokens}</li>
        <li>People suspended again: {last.suspended}</li>
        <li>People who must choose a new password: {last.locked}</li>
      </ul>
      {byHand.length === 0 ? null : (
        <>
          <p class="mt-3">These changes are lost. Make them again by hand:</p>
          <ul class="pl-4">
            {byHand.map(([event, times]) => (
              <li>
                <code>{event}</code>, {times === 1 ? 'once' : `${times} times`}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

async function doubts(visit: Visit, permit: Permit, inDoubt: number): Promise<VNode> {
  const rows = await listTokensInDoubt(visit.ctx, permit, {
    beforeId: numberIn(visit.query, 'before'),
    limit: TOKENS_ON_A_PAGE,
  });
  return (
    <>
      <p>
        They worked when the backup was made. They are revoked now, since someone may have ended or narrowed them after
        that. A token you restore is as it was in the backup, and its owner gets a mail. A token you keep revoked can’t
        be restored later.
      </p>
      <Form f={visit.fields('resolve')} submit={null}>
        <TokenPicks visit={visit} rows={rows} />
        <Choices names={['restore', 'keep']} words={['Restore', 'Keep revoked']} />
      </Form>
      <NextPage href={nextPagePath(visit, 'before', rows.length < TOKENS_ON_A_PAGE ? undefined : rows.at(-1)?.id)} />
      {inDoubt === 1 ? null : (
        <>
          <Subhead title={`All ${inDoubt} at once`} level={2} />
          <Form f={visit.fields('resolve-all')} submit={null}>
            <Choices names={['restore', 'keep']} words={['Restore all', 'Keep all revoked']} />
          </Form>
        </>
      )}
    </>
  );
}

function Choices({ names, words }: { names: readonly [Verdict, Verdict]; words: readonly [string, string] }): VNode {
  return (
    <div class="mb-4">
      <button type="submit" class="btn" name="verdict" value={names[0]}>
        {words[0]}
      </button>{' '}
      <button type="submit" class="btn btn-danger" name="verdict" value={names[1]}>
        {words[1]}
      </button>
    </div>
  );
}

function verdictIn(visit: Visit): Verdict {
  const verdict = visit.field('verdict');
  if (verdict === 'restore' || verdict === 'keep') return verdict;
  throw problem('missing', 'Choose whether they work again or stay revoked.');
}

/** What can't be taken back is asked about: keeping tokens revoked, and bringing all back at once. */
async function asksToResolve(visit: Visit, chosen: readonly number[] | 'all'): Promise<Question | null> {
  const verdict = verdictIn(visit);
  if (verdict === 'restore' && chosen !== 'all') return null;
  const { inDoubt } = await readRestoration(visit.ctx, await tokensPermit(visit, 'write'));
  const count = chosen === 'all' ? inDoubt : chosen.length;
  const tokens = count === 1 ? '1 token' : `${count} tokens`;
  const common = { subject: [verdict, chosen, count], within: InstanceArea };
  return verdict === 'keep'
    ? {
        title: `Keep ${tokens} revoked for good?`,
        lead: 'They can’t be restored later. Whatever used them needs a new token.',
        act: 'Keep revoked',
        consequences: [
          { title: `${tokens} ${count === 1 ? 'stays' : 'stay'} revoked`, facts: 'This can’t be undone.' },
        ],
        ...common,
      }
    : {
        title: `Restore ${tokens}?`,
        lead: 'Somebody may have ended or narrowed some of them since the backup: those work again, too.',
        act: 'Bring back',
        consequences: [
          {
            title: `${tokens} ${count === 1 ? 'works' : 'work'} as in the backup`,
            facts: 'Each owner gets a mail. You can revoke any of them under Tokens.',
          },
        ],
        ...common,
      };
}

async function resolve(visit: Visit, chosen: readonly number[] | 'all'): Promise<Answer> {
  const verdict = verdictIn(visit);
  const done = await resolveTokens(visit.ctx, await tokensPermit(visit, 'write'), verdict, chosen);
  return redirect(PATH, { tone: done.failed.length === 0 ? 'success' : 'warn', text: saidOf(verdict, done) });
}

function saidOf(verdict: Verdict, { resolved, failed, left }: Resolved): string {
  const what = resolved === 1 ? 'One token' : `${resolved} tokens`;
  const works = verdict === 'restore' ? (resolved === 1 ? 'works again' : 'work again') : 'revoked for good';
  const done = verdict === 'restore' ? `${what} ${works}.` : `${what} ${resolved === 1 ? 'stays' : 'stay'} ${works}.`;
  const not = failed.slice(0, MAX_NAMED).map(({ name, message }) => `${name} does not: ${message}`);
  return [done, ...not, ...(left === 0 ? [] : [`Still in doubt: ${left}.`])].join(' ');
}

export const restorationPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'administrator',
    get: show,
    forms: {
      resolve: {
        once: true,
        asks: (visit) => asksToResolve(visit, pickedTokens(visit)),
        run: (visit) => resolve(visit, pickedTokens(visit)),
      },
      'resolve-all': {
        once: true,
        asks: (visit) => asksToResolve(visit, 'all'),
        run: (visit) => resolve(visit, 'all'),
      },
    },
  },
];
