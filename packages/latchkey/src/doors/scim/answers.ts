/** Answers as SCIM writes them: resources, lists, errors (RFC 7644 sections 3.4.2, 3.12). */
import type { FastifyReply } from 'fastify';
import { Problem, type ProblemCode } from '../../base/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

const MESSAGES = 'urn:ietf:params:scim:api:messages:2.0';

/** The errors that have a name (RFC 7644 table 9), of those that are answered here. */
export type ScimType = 'invalidFilter' | 'uniqueness' | 'invalidSyntax' | 'invalidPath' | 'invalidValue' | 'mutability';

/** Thrown where a request can't be read. */
export class ScimError extends Error {
  override readonly name = 'ScimError';
  readonly status: number;
  readonly scimType: ScimType | null;

  constructor(status: number, scimType: ScimType | null, detail: string) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
  }
}

/** What an action refused. Codes that no action of this door gives are a conflict. */
const BY_CODE: Readonly<Partial<Record<ProblemCode, readonly [status: number, scimType: ScimType | null]>>> = {
  not_found: [404, null],
  already_exists: [409, 'uniqueness'],
  missing_field: [400, 'invalidValue'],
  invalid: [400, 'invalidValue'],
  unprocessable: [403, null],
  limit_reached: [403, null],
  read_only: [503, null],
};

/** The same error as SCIM's; null for anything else. */
export function scimErrorOf(error: unknown): ScimError | null {
  if (error instanceof ScimError) return error;
  if (!(error instanceof Problem)) return null;
  const [status, scimType] = BY_CODE[error.complaints[0]?.code ?? 'conflict'] ?? [409, null];
  return new ScimError(status, scimType, error.message);
}

export function send(reply: FastifyReply, status: number, body: Json): FastifyReply {
  return reply
    .code(status)
    .headers({ 'Content-Type': 'application/scim+json; charset=utf-8', 'Cache-Control': 'no-store' })
    .send(JSON.stringify(body));
}

/** An error; its status is text, as the RFC has it. */
export function sendError(reply: FastifyReply, { status, scimType, message }: ScimError): FastifyReply {
  const type = scimType === null ? {} : { scimType };
  return send(reply, status, { schemas: [`${MESSAGES}:Error`], status: String(status), ...type, detail: message });
}

/** @param startIndex counted from 1 */
export function listOf(resources: readonly Json[], totalResults: number, startIndex: number): Json {
  return {
    schemas: [`${MESSAGES}:ListResponse`],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
