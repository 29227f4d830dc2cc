/**
 * The tools of `latchkey mcp`: what a program needs that was refused, to find the way out by itself.
 *
 * Invariant: no tool approves anything, and none gives more than the token has: the server judges each call.
 * Never: a secret in an answer, which a model reads and may repeat. A derived token goes into a file.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../base/secret.ts';
import { helpTopic } from '../../catalogue/refusals/help-topics.ts';
import { reasonIn } from '../../catalogue/refusals/recognised.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import { refRuleDrafts } from '../../rules/refs/ref-rule-text.ts';
import { type ServerClient, ServerRefusal } from '../server-client.ts';
import { CURRENT, endToken } from '../token/own-token.ts';
import type { Tool } from './protocol.ts';

type Given = Readonly<Record<string, unknown>>;

const text = (description: string) => ({ type: 'string', description });
const list = (description: string) => ({ type: 'array', items: { type: 'string' }, description });
const object = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const REPOSITORY = text('OWNER/NAME');
const REF = text('A branch by its name, or a ref in full');

/** The tools, and what ends with them. */
export interface Toolbox {
  readonly tools: readonly Tool[];
  /** Revokes the tokens that were derived, and deletes their files. Never rejects. */
  close(): Promise<void>;
}

export function toolbox(client: ServerClient): Toolbox {
  const derived: Secret[] = [];
  let folder: string | null = null;
  const tools: Tool[] = [
    {
      name: 'whoami',
      description: 'Whose token is used here, what it may do, where it may push, and when it ends.',
      inputSchema: object({}),
      call: async () => shown(await client.api<object>(CURRENT)),
    },
    {
      name: 'check',
      description: 'Whether the token may do something, without doing it; if not, why and what would help.',
      inputSchema: object({
        git: { type: 'string', enum: ['clone', 'fetch', 'push'] },
        permission: text('Instead of git: a permission, such as contents'),
        level: { type: 'string', enum: ['read', 'write', 'admin'] },
        repository: REPOSITORY,
        organization: text('Instead of a repository'),
        ref: REF,
        act: { type: 'string', enum: ['create', 'update', 'force', 'delete'] },
      }),
      call: async (given) => shown(await client.api<object>(`${CURRENT}/check`, { method: 'POST', body: given })),
    },
    {
      name: 'derive',
      description: 'Makes a narrower token from this one, for a day at most. Its text goes into a file, for a program.',
      inputSchema: object({
        repositories: list('OWNER/NAME: these alone'),
        permissions: { type: 'object', additionalProperties: { type: 'string' }, description: 'contents: read' },
        ref_rules: list('agent/**; main: ask'),
        expires_in: { type: 'integer', description: 'Seconds, 60 to 86400; 3600 when left out' },
        name: text('What it is called'),
      }),
      call: async ({ ref_rules: rules, ...given }) => {
        const refRules = Array.isArray(rules) ? { ref_rules: refRuleDrafts(rules.map(String)) } : {};
        const body = { ...given, ...refRules };
        const made = await client.api<{ id: number; token: string }>(`${CURRENT}/derive`, { method: 'POST', body });
        const secret = new Secret(made.token);
        derived.push(secret);
        folder ??= mkdtempSync(join(tmpdir(), 'latchkey-mcp-'));
        const path = join(folder, `token-${made.id}`);
        writeFileSync(path, secret.reveal(), { mode: 0o600 });
        return `${shown(made)}\nIts text is in ${path}, until this server ends: LATCHKEY_TOKEN="$(cat ${path})"`;
      },
    },
    {
      name: 'explain',
      description: 'Explains a refusal: paste what git or the API said, or its reason code. Says what helps.',
      inputSchema: object({ refusal: text('What was said, as it stands') }, ['refusal']),
      call: (given) => explained(client, String(given['refusal'] ?? '')),
    },
    {
      name: 'request_approval',
      description:
        'Asks the owner of the token to let a ref move, where a ref rule says ask. The commit must be in the ' +
        'repository already, on a branch that the token may push to. A person decides, on a page; then push.',
      inputSchema: object({ repository: REPOSITORY, ref: REF, sha: text('The whole id of the commit') }, [
        'repository',
        'ref',
        'sha',
      ]),
      call: async (given) =>
        shown(await client.api<object>(`${CURRENT}/push-approvals`, { method: 'POST', body: given })),
    },
    {
      name: 'approval_status',
      description: 'What became of a request for approval: waiting, approved, denied, used, replaced, expired.',
      inputSchema: object({ id: { type: 'integer' } }, ['id']),
      call: (given) => status(client, Number(given['id'])),
    },
  ];
  return {
    tools: tools.map((tool) => ({ ...tool, call: (given: Given) => worded(tool.call(given)) })),
    close: async () => {
      for (const secret of derived) await endToken(client.address, secret).catch(() => undefined);
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An answer without the texts of tokens. */
function shown(answer: object): string {
  return JSON.stringify(answer, (key, value: unknown) => (key === 'token' ? undefined : value), 1);
}

/** A refusal with its reason and its way out, for the model to go on with. */
async function worded(answer: Promise<string>): Promise<string> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ServerRefusal)) throw error;
    const { message, reason, remedy } = error;
    throw new Error(
      [message, reason === null ? '' : `reason: ${reason}`, remedy === null ? '' : `what helps: ${remedy}`]
        .filter((line) => line !== '')
        .join('\n'),
      { cause: error },
    );
  }
}

async function status(client: ServerClient, id: number): Promise<string> {
  return shown(await client.api<object>(`${CURRENT}/push-approvals/${Number.isSafeInteger(id) ? id : 0}`));
}

async function explained(client: ServerClient, refusal: string): Promise<string> {
  const reason = reasonIn(refusal);
  if (reason === null)
    return 'No reason of this server stands in that. Use check with the repository, and the ref if it was a push.';
  const { title, about, next } = topicOf(reason, client.address);
  const [, id] = /\/push-approvals\/(\d+)/.exec(refusal) ?? [];
  const asked = id === undefined ? [] : [`request ${id}: ${await status(client, Number(id))}`];
  return [`${reason}: ${title}`, about, ...next, ...asked].join('\n');
}

function topicOf(reason: Reason, address: string): { title: string; about: string; next: readonly string[] } {
  const { title, about } = helpTopic(reason, address);
  return { title, about, next: [`more: ${address}/help/${reason}`] };
}
