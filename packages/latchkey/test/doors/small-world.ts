/**
 * The small world of both API doors: Ada owns Acme, Bob is a member, Cy an outsider, Root an administrator of the
 * instance.
 */
import type { LightMyRequestResponse } from 'fastify';
import { addOrganization, addUser, setMember } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import type { Engine } from '../../src/store/db.ts';
import { contextWith, type TestContext } from '../actions/context.ts';

export type WorldFlags = Parameters<typeof contextWith>[0];

/** The answer of an API. */
export interface Answer {
  readonly status: number;
  // A body is whatever the test says it is.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The answer of a request without a socket. */
export function answerOf(response: LightMyRequestResponse): Answer {
  const text = response.body;
  const isJson = String(response.headers['content-type']).startsWith('application/json');
  return {
    status: response.statusCode,
    body: isJson && text !== '' ? JSON.parse(text) : null,
    text,
    headers: response.headers as Record<string, string>,
  };
}

/** A context with its people and repositories. */
export async function smallWorld(engine: Engine, flags: WorldFlags): Promise<TestContext> {
  const ctx = await contextWith(flags, engine);
  const permit = operatorPermit();
  for (const login of ['Ada', 'Bob', 'Cy', 'Root']) {
    await addUser(ctx, permit, {
      login,
      email: `${login.toLowerCase()}@example.org`,
      verified: true,
      admin: login === 'Root',
      password: null,
    });
  }
  await addOrganization(ctx, permit, { name: 'Acme', owner: 'Ada' });
  await setMember(ctx, permit, { organization: 'Acme', login: 'Bob', role: 'member' });
  for (const [owner, name, visibility] of [
    ['Acme', 'site', 'private'],
    ['Acme', 'docs', 'public'],
    ['Bob', 'notes', 'private'],
  ] as const) {
    await addRepository(ctx, permit, { owner, name, visibility });
  }
  return ctx;
}
