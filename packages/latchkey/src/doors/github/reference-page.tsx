/** This door's reference to browse: one page without scripts, generated from the declarations. */
import type { JSX } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Endpoint } from './endpoint.ts';
import { groupOf, needInWords, parametersOf } from './openapi.ts';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;
  color:#1f2328;background:#fff;
  overflow-wrap:anywhere}
code{font:14px ui-monospace,monospace}
h3{margin:2rem 0 0;border-top:1px solid #d1d9e0;padding-top:1rem}
h3 code{font-weight:600}
table{border-collapse:collapse;width:100%}
td,th{border:1px solid #d1d9e0;padding:.25rem .5rem;text-align:left;vertical-align:top}
nav li{display:inline-block;margin-right:1rem}
.need{color:#59636e}
a{color:#0969da}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#f0f6fc}
td,th,h3{border-color:#3d444d}
.need{color:#9198a1}
a{color:#4493f8}}`;

/** What a page without scripts is allowed to do. */
export const REFERENCE_CSP =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The page. `apiUrl` is the address of this door. */
export function referencePage(endpoints: readonly Endpoint[], apiUrl: string): string {
  const groups = [...Map.groupBy(endpoints, groupOf)].toSorted(([a], [b]) => a.localeCompare(b));
  return `<!doctype html>\n${renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>REST API reference · Latchkey</title>
        <style>{STYLE}</style>
      </head>
      <body>
        <main>
          <h1>REST API reference</h1>
          <p>
            Everything below is found under <code>{apiUrl}</code>. Send a personal access token:{' '}
            <code>Authorization: Bearer TOKEN</code>. For programs: <a href={`${apiUrl}/openapi.json`}>OpenAPI 3.1</a>.
          </p>
          <nav aria-label="Groups">
            <ul>
              {groups.map(([name]) => (
                <li key={name}>
                  <a href={`#${name}`}>{name}</a>
                </li>
              ))}
            </ul>
          </nav>
          {groups.map(([name, members]) => (
            <Group key={name} name={name} endpoints={members} />
          ))}
        </main>
      </body>
    </html>,
  )}`;
}

function Group({ name, endpoints }: { name: string; endpoints: readonly Endpoint[] }): JSX.Element {
  return (
    <section aria-labelledby={name}>
      <h2 id={name}>{name}</h2>
      {endpoints.map((endpoint) => (
        <Operation key={endpoint.operationId} endpoint={endpoint} />
      ))}
    </section>
  );
}

function Operation({ endpoint }: { endpoint: Endpoint }): JSX.Element {
  const { method, path, summary, operationId, need, success } = endpoint;
  const rows = [...parametersOf(endpoint).map((one) => ({ ...one, where: one.in })), ...bodyFields(endpoint)];
  return (
    <article id={operationId.replace('/', '-')}>
      <h3>
        <code>
          {method} {path}
        </code>
      </h3>
      <p>
        {summary}{' '}
        <span class="need">
          {needInWords(need)} Answers {success}.
        </span>
      </p>
      {rows.length === 0 ? null : (
        <table>
          <thead>
            <tr>
              <th scope="col">name</th>
              <th scope="col">in</th>
              <th scope="col">form</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <td>
                  <code>{row.name}</code>
                  {row.required ? ' *' : ''}
                </td>
                <td>{row.where}</td>
                <td>{row.description ?? formOf(row.schema)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </article>
  );
}

type Schema = Readonly<Record<string, unknown>>;

function bodyFields({
  body,
}: Endpoint): { name: string; where: string; required: boolean; schema: Schema; description?: string }[] {
  const { properties = {}, required = [] } = (body ?? {}) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    where: 'body',
    required: required.includes(name),
    schema,
    ...(typeof schema['description'] === 'string' ? { description: schema['description'] } : {}),
  }));
}

/** A schema in a few words: `integer`, `approve or deny`, `list of string`. */
function formOf(schema: Schema): string {
  if (Array.isArray(schema['anyOf'])) return (schema['anyOf'] as Schema[]).map(formOf).join(' or ');
  if (schema['const'] !== undefined) return String(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].join(' or ');
  if (schema['type'] === 'array') return `list of ${formOf((schema['items'] ?? {}) as Schema)}`;
  return String(schema['type'] ?? 'anything');
}
