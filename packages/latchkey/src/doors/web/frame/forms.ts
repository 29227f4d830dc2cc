/**
 * From a request to an answer: who may open the page, whether a form may be carried out, and that it is carried out
 * once.
 *
 * Invariant: nothing is done for a form whose origin, token or sender is in doubt; what was typed comes back with the
 * reason.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { enterSudo, isSudo, renewSudo } from '../../../actions/accounts/sessions.ts';
import { beginOnce, cancelOnce, endOnce, onceLocation } from '../../../actions/ground/submissions.ts';
import { Problem, problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { crossSiteForm, onlyAdministrators, unknownForm, withComplaints } from './error-pages.tsx';
import { isFormToken, isSameOrigin } from './same-origin.ts';
import { sudoAgain } from './sudo.tsx';
import type { Visit } from './visit.ts';
import { type Access, type Answer, type FormAction, redirect, type WebPage } from './web-page.ts';

/** Answers a request to a page. */
export async function answerOf(visit: Visit, each: WebPage, headers: IncomingHttpHeaders): Promise<Answer> {
  if (visit.method !== 'POST') return (await barrier(visit, each.access)) ?? each.get(visit);
  if (!isSameOrigin(headers, visit.ctx.settings.publicUrl)) return crossSiteForm();
  const action = each.forms?.[visit.typed?.get('form') ?? ''];
  if (visit.typed === null || action === undefined) return unknownForm();
  const closed = await barrier(visit, weaker(each.access));
  if (closed !== null) return closed;
  try {
    if (!isFormToken(visit.typed.get('token'), visit.secret))
      throw problem(
        'conflict',
        'The page was open for too long, or you signed in anew meanwhile. Nothing was changed. Look it through and send it again.',
      );
    const asked = await askForSudo(visit, stronger(each.access, action.access));
    return asked ?? (action.once === true ? await runOnce(visit, action) : await action.run(visit));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return again(visit, each, error);
  }
}

/** The page once more, with what was typed and what is wrong. */
async function again(visit: Visit, each: WebPage, problem: Problem): Promise<Answer> {
  visit.problem = problem;
  const answer = await each.get(visit);
  return answer.kind === 'page'
    ? { ...answer, title: `Error: ${answer.title}`, body: withComplaints(answer.body, problem.complaints), status: 422 }
    : answer;
}

const RANK: readonly Access[] = ['anybody', 'signed-in', 'sudo', 'administrator'];
const stronger = (a: Access, b: Access = 'anybody'): Access => (RANK.indexOf(a) >= RANK.indexOf(b) ? a : b);
/** A form asks for sudo mode itself, so that what was typed is kept. */
const weaker = (access: Access): Access => (access === 'sudo' ? 'signed-in' : access);

/** What stands in the way of opening a page; null when nothing does. */
async function barrier(visit: Visit, access: Access): Promise<Answer | null> {
  if (access === 'anybody') return null;
  const back = visit.method === 'GET' ? visit.url : visit.path;
  if (visit.person === null)
    return redirect(
      `/login?${new URLSearchParams({ return_to: back, notice: visit.cookies.read('session') === undefined ? 'sign-in-first' : 'session-ended' })}`,
    );
  if (access === 'administrator' && !visit.person.account.admin) return onlyAdministrators();
  if (access === 'signed-in' || isSudo(visit.ctx, visit.person.session)) return null;
  return visit.method === 'GET' ? redirect(`/sudo?${new URLSearchParams({ return_to: back })}`) : null;
}

/**
 * Sensitive forms: the password once more if it is long ago, asked for without losing what was typed. Each such form
 * begins the two hours anew.
 */
async function askForSudo(visit: Visit, access: Access): Promise<Answer | null> {
  if (RANK.indexOf(access) < RANK.indexOf('sudo')) return null;
  const { ctx, user, typed } = visit;
  if (isSudo(ctx, user.session)) {
    await renewSudo(ctx, user.session);
    return null;
  }
  const password = typed?.get('sudo_password') ?? null;
  if (password === null) return sudoAgain(visit, null);
  try {
    await enterSudo(ctx, user, new Secret(password), visit.visitor);
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return sudoAgain(visit, error);
  }
}

/** How long a second submission waits for the first one. */
const MAX_WAIT_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** Carries a form out, unless the same one was sent before: then it leads to where that one led. */
async function runOnce(visit: Visit, action: FormAction): Promise<Answer> {
  const { ctx } = visit;
  const nonce = new Secret(visit.typed?.get('nonce') ?? '');
  if (!(await beginOnce(ctx, visit.secret, nonce))) return followFirst(visit, action, nonce);
  try {
    const answer = await action.run(visit);
    await endOnce(ctx, visit.secret, nonce, answer.kind === 'redirect' ? answer.to : visit.path);
    return answer;
  } catch (error) {
    await cancelOnce(ctx, visit.secret, nonce);
    throw error;
  }
}

async function followFirst(visit: Visit, action: FormAction, nonce: Secret): Promise<Answer> {
  for (let waited = 0; waited < MAX_WAIT_MS; waited += LOOK_EVERY_MS) {
    const location = await onceLocation(visit.ctx, visit.secret, nonce);
    // The first one could not be done: this one tries, and learns why.
    if (location === undefined) return runOnce(visit, action);
    if (location !== null) return redirect(location);
    await wait(LOOK_EVERY_MS);
  }
  throw problem(
    'conflict',
    'This form was sent twice, and the first one is still being carried out. Look at the list before you send it again.',
  );
}
