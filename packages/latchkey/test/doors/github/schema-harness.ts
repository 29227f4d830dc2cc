/**
 * Checks the API's answers against GitHub's own schemas (`openapi-subset.json`: facts of @octokit/openapi 23.0.2, MIT).
 *
 * `validated(ask)` asks as before and throws when an answer is not what GitHub documents for that endpoint and status.
 */
import { Ajv, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';
import { pathMatcher } from '../../../src/catalogue/routes/path-match.ts';
import type { ApiWorld } from './api.ts';
import subset from './openapi-subset.json' with { type: 'json' };

type Json = Record<string, unknown>;
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly responses: Readonly<Record<string, Json>>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
export const OPERATIONS: readonly Operation[] = Object.entries(
  subset.paths as Record<string, Record<string, Json>>,
).flatMap(([path, methods]) =>
  METHODS.filter((method) => method in methods).map((method) => ({
    method: method.toUpperCase(),
    path,
    responses: methods[method]!['responses'] as Operation['responses'],
  })),
);

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
(ajvFormats as unknown as (ajv: Ajv) => void)(ajv);
ajv.addSchema({ $id: 'github', components: schemaOf(subset.components) } as Json);
const find = pathMatcher(OPERATIONS);
const compiled = new Map<string, ValidateFunction>();

/**
 * OpenAPI 3.0 as JSON Schema: `nullable` becomes a separate type, references are absolute. `oneOf` means one or more:
 * some of its choices overlap.
 */
function schemaOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(schemaOf);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, discriminator: _discriminator, ...rest } = value as Json;
  const schema = Object.fromEntries(
    Object.entries(rest).map(([key, part]) => [
      key === 'oneOf' ? 'anyOf' : key,
      key === '$ref' ? `github${part as string}` : schemaOf(part),
    ]),
  );
  return nullable === true ? { anyOf: [{ type: 'null' }, schema] } : schema;
}

/**
 * What is wrong with an answer by GitHub's description; null when nothing is. `path` without query, below the API;
 * `accept` as sent.
 */
function schemaErrorIn(method: string, path: string, status: number, accept: string, body: unknown): string | null {
  const operation = find(method, path.replace(/\/contents\/?$/, '/contents/x'))?.row;
  if (operation === undefined) return `GitHub has no ${method} ${path}`;
  const listed =
    operation.responses[String(status)] ??
    (status >= 400 || status === 301 || status === 307 ? { $ref: '#/components/responses/not_found' } : undefined);
  if (listed === undefined) return `GitHub answers ${method} ${operation.path} never with ${status}`;
  const content = responseContent(listed);
  const media =
    Object.keys(content).find((type) => type !== 'application/json' && accept.includes(type)) ?? 'application/json';
  const schema = content[media]?.schema;
  if (schema === undefined)
    return body === null || status >= 400
      ? null
      : `GitHub answers ${method} ${operation.path} with ${status} and no body`;
  const key = `${method} ${operation.path} ${status} ${media}`;
  const validate = compiled.get(key) ?? ajv.compile(schemaOf(schema) as Json);
  compiled.set(key, validate);
  return validate(body)
    ? null
    : `${key}: ${ajv.errorsText(validate.errors, { separator: '\n' })}\n${JSON.stringify(body).slice(0, 2000)}`;
}

function responseContent(listed: Json): Record<string, { schema?: unknown }> {
  const { $ref } = listed as { $ref?: string };
  const response =
    $ref === undefined ? listed : (subset.components.responses as Record<string, Json>)[$ref.split('/').at(-1)!]!;
  return (response['content'] ?? {}) as Record<string, { schema?: unknown }>;
}

/** The same function, but it throws on an answer that GitHub would not give. It records the operations in `seen`. */
export function validated(ask: ApiWorld['ask'], seen?: Set<string>): ApiWorld['ask'] {
  return async (operation, asking) => {
    const answer = await ask(operation, asking);
    const [method, address] = operation.split(' ') as [string, string];
    const path = address.split('?')[0]!;
    const contentType = String(answer.headers['content-type'] ?? '');
    const raw = answer.status === 304 || (answer.status === 200 && !contentType.startsWith('application/json'));
    const error = raw
      ? null
      : schemaErrorIn(method, path, answer.status, asking?.headers?.['accept'] ?? '', answer.body);
    if (error !== null) throw new Error(error);
    if (answer.status < 400) seen?.add(`${method} ${find(method, path)?.row.path ?? path}`);
    return answer;
  };
}
