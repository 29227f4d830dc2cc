/** The form of the dry run's page. It is sent with GET, so that the address is the question, and can be passed on. */
import type { VNode } from 'preact';
import { GIT_OPERATIONS } from '../../../../actions/questions/asked.ts';
import { LEVELS, PERMISSIONS } from '../../../../catalogue/permissions.ts';
import { REF_ACTS } from '../../../../rules/refs/ref-rules.ts';
import { type Choice, Select } from '../../parts/choice-fields.tsx';
import type { Fields } from '../../parts/fields.ts';
import { Hidden } from '../../parts/form.tsx';
import { TextArea, TextField } from '../../parts/text-fields.tsx';
import { ASKS, type Ask, checkPath } from './question.ts';

const ASK_WORDS: Readonly<Record<Ask, string>> = {
  request: 'A request',
  git: 'Clone, fetch or push',
  permission: 'A permission',
};
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'COPY', 'MOVE', 'PROPFIND', 'MKCOL'];
const ACT_WORDS: Readonly<Record<(typeof REF_ACTS)[number], string>> = {
  create: 'is created',
  update: 'moves forward',
  force: 'is rewritten (force)',
  delete: 'is deleted',
};

interface Props {
  readonly f: Fields;
  readonly ask: Ask;
  readonly tokens: readonly Choice[];
  readonly tokenId: number | null;
  /** From where this visitor comes. */
  readonly address: string;
}

/** Which kind of question it is: three links. */
export function AskNav({ ask, tokenId }: Pick<Props, 'ask' | 'tokenId'>): VNode {
  return (
    <nav class="lk-tabs mb-3" aria-label="What to ask about">
      {ASKS.map((each) => (
        <a
          class="btn btn-sm"
          href={checkPath(tokenId, { ask: each })}
          {...(each === ask ? { 'aria-current': 'page' as const } : {})}
        >
          {ASK_WORDS[each]}
        </a>
      ))}
    </nav>
  );
}

export function CheckForm({ f, ask, tokens, tokenId, address }: Props): VNode {
  return (
    <form method="get" class="lk-form">
      <Hidden name="ask" value={ask} />
      <Select f={f} name="token" label="Token" choices={tokens} value={String(tokenId ?? '')} />
      {FIELDS[ask]({ f })}
      <TextField
        f={f}
        name="from"
        label="From the address"
        value={address}
        maxLength={60}
        spellcheck={false}
        block={false}
        note="Where the token is used from. Your own is filled in."
      />
      <button type="submit" class="btn btn-primary">
        Ask
      </button>
    </form>
  );
}

const FIELDS: Readonly<Record<Ask, (props: { f: Fields }) => VNode>> = {
  request: RequestFields,
  git: GitFields,
  permission: PermissionFields,
};

const choicesOf = (values: readonly string[]): Choice[] => values.map((value) => ({ value, label: value }));

function RequestFields({ f }: { f: Fields }): VNode {
  return (
    <>
      <Select f={f} name="method" label="Method" choices={choicesOf(METHODS)} value="GET" />
      <TextField
        f={f}
        name="url"
        label="Address"
        required
        maxLength={8000}
        spellcheck={false}
        note="In full for a service behind a proxy; for this server, a path such as /repos/acme/site/issues will do."
      />
      {['COPY', 'MOVE'].includes(f.value('method')) ? (
        <TextField f={f} name="destination" label="Destination" maxLength={8000} spellcheck={false} />
      ) : null}
      <details class="mb-3" open={f.value('headers') !== '' || f.value('body') !== ''}>
        <summary>Headers and body</summary>
        <p class="f6 lk-dim mt-2">Only for services whose route map looks at them, such as MCP servers.</p>
        <TextArea f={f} name="headers" label="Headers" rows={2} maxLength={2000} placeholder="Mcp-Method: tools/list" />
        <TextArea
          f={f}
          name="body"
          label="JSON body"
          rows={3}
          maxLength={4000}
          placeholder={'{"method": "tools/list"}'}
        />
      </details>
    </>
  );
}

function GitFields({ f }: { f: Fields }): VNode {
  return (
    <>
      <Select f={f} name="git" label="Operation" choices={choicesOf(GIT_OPERATIONS)} value="clone" />
      <TextField f={f} name="repository" label="Repository" required maxLength={200} spellcheck={false} block={false} />
      <TextField
        f={f}
        name="ref"
        label="Branch or tag (optional)"
        maxLength={300}
        spellcheck={false}
        block={false}
        note="For a push: a branch by its name, anything else in full, such as refs/tags/v1."
      />
      <Select
        f={f}
        name="act"
        label="What happens to it"
        choices={REF_ACTS.map((value) => ({ value, label: ACT_WORDS[value] }))}
        value="update"
      />
    </>
  );
}

function PermissionFields({ f }: { f: Fields }): VNode {
  const permissions = PERMISSIONS.map(({ name, title }) => ({ value: name, label: `${title} (${name})` }));
  return (
    <>
      <Select f={f} name="permission" label="Permission" choices={permissions} value="contents" />
      <Select f={f} name="level" label="Level" choices={choicesOf(LEVELS)} value="read" />
      <TextField
        f={f}
        name="on"
        label="On"
        maxLength={200}
        spellcheck={false}
        block={false}
        note="A repository (acme/site), an organization (acme), or nothing for your own account."
      />
    </>
  );
}
