/** The door's documentation, generated from the declarations that serve it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { ENDPOINTS } from '../../../src/doors/github/endpoints.ts';
import { needInWords, parametersIn } from '../../../src/doors/github/openapi.ts';
import { apiWorld } from './api.ts';

describe('the OpenAPI description', () => {
  it('has every endpoint, once, with what it needs', async () => {
    const { ask, ctx } = await apiWorld();
    const { body, status } = await ask('GET /openapi.json');
    expect(status).toBe(200);
    expect(body).toMatchObject({ openapi: '3.1.0', servers: [{ url: `${ctx.settings.publicUrl}/api/v3` }] });
    const operations = Object.entries(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.toSorted()).toEqual(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).toSorted());
    const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      (methods) => Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(body.paths['/user/personal-access-tokens'].post).toMatchObject({
      description: 'A fine-grained token: personal_access_tokens: write.',
      'x-needs': {
        permissions: [{ personal_access_tokens: 'write' }],
        public: false,
        accepted: 'personal_access_tokens=write',
      },
    });
    expect(body.paths['/credentials/revoke'].post.security).toEqual([{}, { token: [] }]);
  });

  it('has schemas that are JSON Schema, and a parameter for each brace', async () => {
    const { ask } = await apiWorld();
    const { body } = await ask('GET /openapi.json');
    const ajv = new Ajv2020({ strict: false });
    for (const [path, methods] of Object.entries(
      body.paths as Record<
        string,
        Record<
          string,
          { parameters: { name: string; in: string }[]; requestBody?: { content: Record<string, { schema: object }> } }
        >
      >,
    )) {
      for (const operation of Object.values(methods)) {
        expect(operation.parameters.filter((one) => one.in === 'path').map((one) => one.name)).toEqual(
          parametersIn(path),
        );
        const schema = operation.requestBody?.content['application/json']?.schema;
        if (schema !== undefined) expect(() => ajv.compile(schema)).not.toThrow();
      }
    }
  });
});

describe('the reference page', () => {
  it('shows every endpoint without scripts', async () => {
    const { ask } = await apiWorld();
    const page = await ask('GET /docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.text).not.toContain('<script');
    for (const { method, path, operationId } of ENDPOINTS) {
      expect(page.text).toContain(`id="${operationId.replace('/', '-')}"`);
      expect(page.text).toContain(`${method} ${path}`);
    }
  });

  it('is where errors lead', async () => {
    const { ask } = await apiWorld();
    const { body } = await ask('GET /user');
    const page = await ask('GET /docs');
    expect(body.documentation_url).toMatch(/\/api\/v3\/docs#users-get-authenticated$/);
    expect(page.text).toContain('id="users-get-authenticated"');
  });
});

describe('a need in words', () => {
  it('names alternatives, scopes and what is public', () => {
    expect(
      needInWords({
        sets: [{ contents: 'write' }, { contents: 'write', workflows: 'write' }],
        publicRead: false,
        writes: true,
      }),
    ).toBe('A fine-grained token: contents: write, or contents: write and workflows: write.');
    expect(needInWords({ sets: [], publicRead: false, writes: false, scopes: ['user', 'read:org'] })).toBe(
      'Any living token. A classic token: user or read:org.',
    );
    expect(needInWords({ sets: [{ metadata: 'read' }], publicRead: true, writes: false })).toBe(
      'A fine-grained token: metadata: read. Public resources: open to everybody.',
    );
  });
});
