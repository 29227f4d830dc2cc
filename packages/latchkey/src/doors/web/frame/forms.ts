/**
 * From a request to an answer: who may open the page, whether a form may be carried out, and carrying it out once.
 *
 * Invariant: whatever a page or its form requires of the session is checked before any of their code runs.
 * Invariant: a form whose origin, token or sender is in doubt does nothing; what was typed comes back with the
 * reason.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { isFresh, isSudo, renewSudo } from '../../../actions/accounts/sudo.ts';
import { beginOnce, cancelOnce, endOnce, onceLocation } from '../../../actions/ground/submissions.ts';
import { Problem, problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { crossSiteForm, onlyAdministrators, unknownForm, withComplaints } from './error-pages.tsx';
import { asked, isAnswered } from './question.tsx';
import { isFormToken, isSameOrigin } from './same-origin.ts';
import { signedOut } from './signed-out.tsx';
import { holdsProof, prove, sudoAgain } from './sudo.tsx';
import type { Visit } from './visit.ts';
import { type Access, type Answer, type FormAction, redirect, type WebPage } from './web-page.ts';

/** Answers a request to a page. */
export async function answerOf(visit: Visit, each: WebPage, headers: IncomingHttpHeaders): Promise<Answer> {
  if (visit.method !== 'POST') return (await barrier(visit, [each.access])) ?? each.get(visit);
  if (!isSameOrigin(headers, visit.ctx.settings.publicUrl)) return crossSiteForm();
  const action = formNamed(each, visit.typed?.get('form') ?? '');
  if (visit.typed === null || action === undefined) return unknownForm();
  const closed = await barrier(visit, [each.access, action.access ?? 'anybody']);
  if (closed !== null) return closed;
  try {
    if (!isFormToken(visit.typed.get('token'), visit.sender))
      throw problem(
        'conflict',
        'This page was open too long. Nothing was changed, and what you typed is still here: check it and send it ' +
          'again.',
      );
    const question = (await action.asks?.(visit)) ?? null;
    if (question !== null && !isAnswered(visit, question)) return asked(visit, question);
    return action.once === true ? await runOnce(visit, action) : await action.run(visit);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return again(visit, each, error);
  }
}

/** A form of the page by its id, which strangers choose: `constructor` is none. */
function formNamed({ forms = {} }: WebPage, id: string): FormAction | undefined {
  return Object.hasOwn(forms, id) ? forms[id] : undefined;
}

/** The page again, with what was typed and what is wrong. */
async function again(visit: Visit, each: WebPage, problem: Problem): Promise<Answer> {
  visit.problem = problem;
  const answer = await each.get(visit);
  return answer.kind === 'page'
    ? { ...answer, title: `Error: ${answer.title}`, body: withComplaints(answer.body, problem.complaints), status: 422 }
    : answer;
}

/**
 * What prevents opening a page or sending one of its forms; null when nothing does. The only place that checks this: no
 * handler runs before it, not even to show a page again.
 */
async function barrier(visit: Visit, accesses: readonly Access[]): Promise<Answer | null> {
  const asks = (...any: Access[]): boolean => accesses.some((access) => any.includes(access));
  if (!asks('signed-in', 'sudo', 'fresh', 'administrator')) return null;
  if (visit.person === null) {
    if (visit.method === 'POST') return signedOut(visit);
    const notice = visit.cookies.read('session') === undefined ? 'sign-in-first' : 'session-ended';
    return redirect(`/login?${new URLSearchParams({ return_to: visit.url, notice })}`);
  }
  if (asks('administrator') && !visit.person.account.admin) return onlyAdministrators();
  if (!asks('sudo', 'fresh', 'administrator')) return null;
  const { ctx, person } = visit;
  const proved = asks('fresh') ? isFresh(ctx, person.session) : isSudo(ctx, person.session);
  if (visit.method === 'GET') return proved ? null : redirect(`/sudo?${new URLSearchParams({ return_to: visit.url })}`);
  if (!proved) return proveByForm(visit);
  await renewSudo(ctx, person.session);
  return null;
}

/**
 * A form without a proof, or with one that is too old: the person is asked for it first, and what was typed is kept.
 */
async function proveByForm(visit: Visit): Promise<Answer | null> {
  if (!holdsProof(visit)) return sudoAgain(visit, null);
  try {
    await prove(visit);
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return sudoAgain(visit, error);
  }
}

/** How long a second submission waits for the first one. */
const MAX_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** Carries out a form, unless the same one was sent before: then it leads to where that one led. */
async function runOnce(visit: Visit, action: FormAction): Promise<Answer> {
  const { ctx } = visit;
  const nonce = new Secret(visit.typed?.get('nonce') ?? '');
  if (!(await beginOnce(ctx, visit.sender, nonce))) return followFirst(visit, action, nonce);
  try {
    const answer = await action.run(visit);
    await endOnce(ctx, visit.sender, nonce, answer.kind === 'redirect' ? answer.to : visit.path);
    return answer;
  } catch (error) {
    await cancelOnce(ctx, visit.sender, nonce);
    throw error;
  }
}

async function followFirst(visit: Visit, action: FormAction, nonce: Secret): Promise<Answer> {
  for (let waited = 0; waited < MAX_WAIT_MS; waited += LOOK_EVERY_MS) {
    const location = await onceLocation(visit.ctx, visit.sender, nonce);
    // The first one could not be carried out: this one tries, and learns why.
    if (location === undefined) return runOnce(visit, action);
    if (location !== null) return redirect(location);
    await wait(LOOK_EVERY_MS);
  }
  throw problem(
    'conflict',
    'This form was sent twice, and the first one is still running. Check the list before you send it again.',
  );
}
