/** What a directory asks with: the resource in the path, the page, the attributes that it wants. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Directory } from '../../actions/provisioning/clients.ts';
import { MAX_RESULTS } from './about.ts';
import { type Json, ScimError } from './answers.ts';
import { idIn } from './filter.ts';

/** How many a page has unless the caller says otherwise. */
const USUAL_RESULTS = 100;

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;
export type Request = FastifyRequest<{ Params: { id: string }; Querystring: Query }>;
export type Handler = (
  directory: Directory,
  request: Request,
  reply: FastifyReply,
) => Promise<FastifyReply> | FastifyReply;

export type On = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, handler: Handler) => unknown;

/** @throws ScimError */
export function idOf({ params }: Request, what: 'person' | 'group'): number {
  const id = idIn(params.id);
  if (id === null) throw new ScimError(404, null, `There is no such ${what}.`);
  return id;
}

export function one(query: Query, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** RFC 7644 section 3.4.2.4: less than 1 means 1, and a negative count means 0. @throws ScimError */
export function pageIn(query: Query): { readonly startIndex: number; readonly count: number } {
  const number = (name: string, usual: number): number => {
    const text = one(query, name);
    if (text === undefined || text === '') return usual;
    if (!/^-?\d{1,9}$/.test(text)) throw new ScimError(400, 'invalidValue', `${name} is a whole number.`);
    return Number(text);
  };
  return {
    startIndex: Math.max(1, number('startIndex', 1)),
    count: Math.min(MAX_RESULTS, Math.max(0, number('count', USUAL_RESULTS))),
  };
}

/** The attributes that were asked for (RFC 7644 section 3.9); `id` and `schemas` are always there. */
export function onlyAsked(resource: Json, query: Query): Json {
  const [wanted, unwanted] = [namesIn(query, 'attributes'), namesIn(query, 'excludedAttributes')];
  if (wanted.size === 0 && unwanted.size === 0) return resource;
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => {
      const key = name.toLowerCase();
      return key === 'id' || key === 'schemas' || (wanted.size > 0 ? wanted.has(key) : !unwanted.has(key));
    }),
  );
}

export function namesIn(query: Query, name: string): ReadonlySet<string> {
  const names = (one(query, name) ?? '').split(',').map((each) => each.trim().toLowerCase());
  return new Set(names.filter((each) => each !== '').map((each) => each.split('.', 1)[0] ?? each));
}
