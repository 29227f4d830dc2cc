/**
 * One browser request, as pages see it: who, from where, what was asked and typed.
 *
 * Never: a store. Pages reach everything through actions, with a permit from here.
 */

import type { SignedIn, Visitor } from '../../../actions/accounts/sessions.ts';
import { NOBODY } from '../../../actions/decision/authenticate.ts';
import { authorizeIdentity, type Permit } from '../../../actions/decision/authorize.ts';
import type { TargetName } from '../../../actions/decision/targets.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { mintSecret } from '../../../actions/ground/one-time-secrets.ts';
import { type OwnOrganization, type WaitingRequests, waitingIn } from '../../../actions/organizations/needs.ts';
import { Problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import type { Explanation } from '../../../rules/explain.ts';
import type { Need } from '../../../rules/model.ts';
import { isSameName } from '../../../rules/names.ts';
import { Fields } from '../parts/fields.ts';
import type { Cookies } from './cookies.ts';
import { formToken } from './same-origin.ts';
import type { Streams } from './streams.ts';

/** The look of pages: as the system says, or always one way. */
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The page has another address by now. */
export class Moved extends Error {
  override readonly name = 'Moved';
  readonly to: string;

  constructor(to: string) {
    super('the page has another address');
    this.to = to;
  }
}

/** An address with another name in the place of the first segment that is the old one. */
function withSegment(url: string, before: string, after: string): string {
  const [path = '', ...query] = url.split('?');
  const segments = path.split('/');
  const at = segments.findIndex((segment) => segment === encodeURIComponent(before));
  return [segments.with(at, after).join('/'), ...query].join('?');
}

/** A message for the page that a redirect leads to, shown once. */
export interface Flash {
  readonly tone: 'success' | 'warn' | 'error';
  readonly text: string;
  /** A form of that page which undoes what was done, with its hidden fields. */
  readonly undo?: { readonly form: string; readonly fields: Readonly<Record<string, string>> };
  /** What only the next page may show, such as a new token. */
  readonly once?: Readonly<Record<string, unknown>>;
}

/** Thrown by `visit.permit`: the frame answers with a page that says why, and what to do. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly explanation: Explanation;

  constructor(explanation: Explanation) {
    super(explanation.sentence);
    this.explanation = explanation;
  }
}

/** What a person needs to manage their own things: sessions, second factor, addresses. */
const OWN_ACCOUNT: Need = { sets: [], publicRead: false, writes: true };

export class Visit {
  readonly ctx: Context;
  readonly method: string;
  /** Path and query, as requested. */
  readonly url: string;
  readonly path: string;
  readonly params: Record<string, string>;
  readonly query: URLSearchParams;
  /** What was sent with a POST; null otherwise. */
  readonly typed: URLSearchParams | null;
  readonly visitor: Visitor;
  readonly cookies: Cookies;
  /** Null when nobody is signed in. */
  person: SignedIn | null;
  /** The session's secret; the browser's, when nobody is signed in. */
  secret: Secret;
  /** The browser's own secret, kept across sign-ins. */
  readonly device: Secret;
  readonly theme: Theme;
  readonly streams: Streams;
  /** What an action left for this page. */
  flash: Flash | null = null;
  /** Organizations of this person, for the menus. */
  organizations: readonly OwnOrganization[] = [];
  /** True when they belong to more than those. */
  hasMoreOrganizations = false;
  /** How many tokens of their own they have, for the menus; at most one more than lists count. */
  ownTokens = 0;
  /** What was wrong with the form that was sent. */
  problem: Problem | null = null;

  constructor(
    given: Pick<
      Visit,
      | 'ctx'
      | 'method'
      | 'url'
      | 'path'
      | 'params'
      | 'query'
      | 'typed'
      | 'visitor'
      | 'cookies'
      | 'person'
      | 'secret'
      | 'device'
      | 'theme'
      | 'streams'
    >,
  ) {
    this.ctx = given.ctx;
    this.method = given.method;
    this.url = given.url;
    this.path = given.path;
    this.params = given.params;
    this.query = given.query;
    this.typed = given.typed;
    this.visitor = given.visitor;
    this.cookies = given.cookies;
    this.person = given.person;
    this.secret = given.secret;
    this.device = given.device;
    this.theme = given.theme;
    this.streams = given.streams;
  }

  /** Who is signed in. @throws TypeError on pages that anybody may open */
  get user(): SignedIn {
    if (this.person === null) throw new TypeError(`the page ${this.path} needs somebody who is signed in`);
    return this.person;
  }

  /**
   * What only this browser in this session knows, for form tokens and other things that last as long. It stays when the
   * session's secret is renewed, so that forms in other tabs still work.
   */
  get sender(): Secret {
    return this.person === null ? this.device : new Secret(`${this.device.reveal()} ${this.person.session.id}`);
  }

  /** From now on the session has a new secret, and `person` its new state. */
  renew(person: SignedIn, secret: Secret): void {
    this.person = person;
    this.secret = secret;
    this.setSession(secret);
  }

  /** The organization whose area the page is in, as the address spells it; null = none. */
  get area(): string | null {
    return /^\/organizations\/([^/]+)\//.exec(this.path)?.[1] ?? null;
  }

  /** What waits for this person in their organizations. */
  get waiting(): readonly WaitingRequests[] {
    return waitingIn(this.organizations);
  }

  /** A parameter of the path. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  /** A typed field, trimmed; '' when it was not sent. */
  field(name: string): string {
    return (this.typed?.get(name) ?? '').trim();
  }

  /** The contents of a form of the page. */
  fields(id: string): Fields {
    const isThis = this.typed !== null && this.typed.get('form') === id;
    return new Fields({
      id,
      token: formToken(this.sender),
      nonce: mintSecret().reveal(),
      typed: isThis ? this.typed : null,
      query: this.query,
      problem: this.problem,
    });
  }

  /**
   * The permit to do this, if the person (or an anonymous visitor) may.
   * @throws Refused, which the frame turns into a page
   */
  async permit(need: Need, target: TargetName, purpose = 'web'): Promise<Permit> {
    const { ctx, visitor } = this;
    await ctx.memory.refresh();
    const identity = this.person?.identity ?? NOBODY;
    const verdict = await authorizeIdentity(
      ctx,
      { need, target, address: visitor.address, userAgent: visitor.userAgent, purpose, door: 'web' },
      identity,
    );
    if (!verdict.allowed) throw new Refused(verdict.explanation);
    this.#demandTodaysName(target, verdict.permit);
    return verdict.permit;
  }

  /** What was asked for by a former name is shown under today's; a form that is sent goes on with today's. */
  #demandTodaysName(asked: TargetName, { target }: Permit): void {
    if (target.kind === 'instance' || target.owner === null || asked.kind === 'instance') return;
    const before = asked.kind === 'repository' ? asked.owner : (asked.login ?? target.owner.login);
    if (isSameName(before, target.owner.login)) return;
    const name = Object.keys(this.params).find((each) => this.params[each] === before);
    if (name === undefined) return;
    if (this.method === 'GET') throw new Moved(withSegment(this.url, before, target.owner.login));
    this.params[name] = target.owner.login;
  }

  /** The permit to manage the person's own account. */
  ownPermit(): Promise<Permit> {
    return this.permit(OWN_ACCOUNT, { kind: 'account', login: null });
  }

  /** Gives the browser somebody's session, or none. */
  setSession(secret: Secret | null): void {
    if (secret === null) this.cookies.remove('session');
    else this.cookies.write('session', secret.reveal());
  }
}
