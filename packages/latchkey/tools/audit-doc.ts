/** `docs/audit.md`: how the audit log is kept, checked and taken away, and every event, drawn from the catalogue. */
import { MAX_EXAMINED } from '../src/actions/organizations/audit-search.ts';
import { AUDIT_EVENTS, type AuditEventRow, OPERATIONS } from '../src/catalogue/audit-events.ts';
import { ENTRY_COLUMNS } from '../src/rules/audit/chain.ts';
import { MAX_PHRASE_LENGTH, MAX_QUALIFIERS } from '../src/rules/audit/phrase.ts';

const HEAD = `\
<!-- Written by \`npm run docs\` from packages/latchkey/src/catalogue/audit-events.ts and
     packages/latchkey/tools/audit-doc.ts. Edit those, not this. -->

# The audit log

Every change writes an entry into the audit log, in the same transaction: neither exists without the other.
People see their own log at \`/settings/security-log\`, owners that of their organization, administrators that of the
instance; each page has a link that exports it. This page is for those who rely on the log: what it holds, how to prove
that nobody changed it, how to send it elsewhere.

## What keeps it as it was written

1. **The database refuses.** Triggers in SQLite and PostgreSQL refuse every change and removal, whoever asks:
   the server, a script, a person at the database's own prompt.
2. **A chain shows it.** Whoever controls the database can remove the triggers. Once a minute a job puts a *checkpoint*
   over the entries since the last one: their number, a digest of them, the digest of the checkpoint before. To change
   an entry unseen, you would have to redo every later checkpoint.
3. **A key signs.** Checkpoints are signed with the key of \`--secret-key-file\`, which is not in the database.
   Whoever has only the database can't sign.
4. **A copy elsewhere shows the rest.** Whoever has the machine has the key, too. A checkpoint kept where they
   can't reach it proves all that was written before it, and shows if the end was cut off.

Entries that are younger than the last checkpoint (a minute, as a rule) have only the first protection. None of this
slows down writing: the chain is made afterwards, and only over what is certainly complete. On PostgreSQL
an entry can become visible after one with a larger id; the job waits until every transaction that wrote has ended,
and takes no lock.

## Verify

\`\`\`sh
latchkey admin audit verify                                  # 0: as it was written; 1: the faults, the first one first
latchkey admin audit verify --against checkpoints.jsonl      # also compares with checkpoints that were kept elsewhere
latchkey admin audit verify --json                           # for a monitor
latchkey admin audit checkpoint >> /mnt/elsewhere/checkpoints.jsonl
\`\`\`

It runs while a server does, and only reads. For 100,000 entries it took 5.5 s with SQLite and 7.5 s with PostgreSQL on
two cores that a dozen other programs wanted, too (\`npm run bench -- audit\`). What it finds:

| \`kind\` | what it means |
| --- | --- |
| \`guard_missing\` | a trigger is gone or switched off; \`detail\` names it |
| \`entry_changed\`, \`entry_removed\`, \`entry_inserted\`, \`entry_moved\` | \`entry\` is not what was chained; one that was moved was written as \`detail\` says |
| \`range_broken\` | the entries of a range are others, and which can't be told, since what names them was changed, too |
| \`checkpoint_removed\`, \`checkpoint_changed\` | the chain itself has a gap, or a link that does not fit |
| \`checkpoint_differs\` | a checkpoint is not the one that was kept elsewhere |
| \`signature_wrong\`, \`pruning_forged\` | something was written by somebody who has not the key that it names |
| \`signature_unknown\` | the key is not in the key file. If it is lost: \`--without-lost-keys\` |

## Search

\`GET /api/v3/orgs/{org}/audit-log\`, \`/enterprise/audit-log\` and \`/user/security-log\` take GitHub's parameters,
and the pages of the log have a field for the phrase.

| parameter | what it does |
| --- | --- |
| \`phrase\` | searches: \`action:repo -actor:ada created:>=2026-01-31\`. At most ${MAX_PHRASE_LENGTH} characters and ${MAX_QUALIFIERS} qualifiers |
| \`include\` | \`git\`: what was pushed; \`web\`: everything else; \`all\`. \`all\` by default (GitHub: \`web\`), so that nothing is hidden |
| \`order\` | \`desc\` (newest first, as without it) or \`asc\` |
| \`after\`, \`before\` | cursors; the Link header has them, \`rel="next"\` and \`rel="prev"\` |
| \`per_page\` | up to 100 |
| \`format=jsonl\` | all that is found, one JSON object per line |

Qualifiers of one name widen the search, those of several names narrow it, and \`-\` leaves out. A value with spaces
needs quotes. Free words are refused: GitHub's log can't be searched for text either.

| qualifier | what matches |
| --- | --- |
| \`action\` | an event (\`repo.create\`), or all of a category (\`repo\`) |
| \`operation\` | ${OPERATIONS.map((name) => ['`', name, '`'].join('')).join(', ')}: the table below says which event is what |
| \`actor\`, \`actor_id\` | who did it. \`operator\`, \`latchkey\` and people who are gone are found by the login of then |
| \`user\`, \`user_id\` | whose security log shows it |
| \`org\`, \`org_id\` | the organization that it is about |
| \`repo\`, \`repo_id\` | the repository that has this name, or had it then: \`acme/site\` |
| \`actor_ip\` | an address or a block: \`192.0.2.0/24\` |
| \`token_id\` | the token that it was done with |
| \`created\` | a day or an instant (UTC without a zone), with \`>\`, \`>=\`, \`<\`, \`<=\`, or a range: \`2026-01-01..2026-01-31\`, \`*..2026-01-31\` |

A page looks at ${MAX_EXAMINED.toLocaleString('en-US')} entries at most, so that no search holds up others.
If it finds fewer than it could show, or none, and the Link header has a \`next\`, the rest is there.

## Export

\`\`\`sh
latchkey admin audit export --output audit.jsonl             # everything, oldest first, with its checkpoints
latchkey admin audit export --output audit.jsonl --resume    # what has come since, or what was left when it was cut off
latchkey admin audit export --after 4711 --through 9000      # a range, to standard output
latchkey admin audit export --since 2026-11-01 --until 2026-12-01 | gzip > november.jsonl.gz
\`\`\`

An export ends with a checkpoint over all that it holds, so it can be checked without the server (below). \`--resume\`
looks at the last whole line, cuts off what a crash left after it, and goes on. The file is readable by its owner
alone: the log has addresses of people.

## Stream

The log can be sent to a receiver outside as it is written: to a webhook, by syslog, into a file; to several of them
at the same time.

| setting | what is sent |
| --- | --- |
| \`--audit-webhook URL\` | POST requests with JSON lines (\`application/x-ndjson\`), up to 200 entries each. Any answer of 2xx has taken them; redirects are not followed |
| \`--audit-webhook-secret\` | signs them: \`X-Hub-Signature-256: sha256=…\`, HMAC-SHA256 of the body, as for repository webhooks |
| \`--audit-syslog tls://HOST:PORT\` | messages of RFC 5424 (facility 13, the event as MSGID, \`[meta sequenceId="…"]\`, the JSON line as text) with their length before each (RFC 5425, RFC 6587), over TLS 1.2 or later; port 6514 if none is given |
| \`--audit-file FILE\` | the same lines as an export. Rotate it by renaming: a new one is made. With several nodes it must lie in a folder that all share |
| \`--audit-ca FILE\` | authorities of your own that may vouch for webhook and syslog |
| \`--audit-client-cert FILE\`, \`--audit-client-key FILE\` | what is shown to a webhook or syslog receiver that asks for a certificate. Both are read for each batch: renew them in place |

Address and secret of the webhook belong into files: \`LATCHKEY_AUDIT_WEBHOOK_FILE\`,
\`LATCHKEY_AUDIT_WEBHOOK_SECRET_FILE\`.

**At least once, in order.** A stream begins with the first entry of the log. It is a cursor in the log that moves
when the receiver has a batch: what is not taken is sent again, after a second at first and a minute at most, for as
long as it takes; nothing overtakes it. A batch that was taken just as the server died comes twice: drop every entry
whose \`_document_id\` is not larger than the last one. Checkpoints are sent, too, so the receiver has what \`verify
--against\` needs. Of all nodes one sends at a time. Entries arrive within about two seconds; no change waits for a
stream.

Syslog has no answer. A batch counts as taken when the receiver closes its side of the connection after Latchkey has
closed its own. A receiver that dies with messages read but not stored has lost them: if that matters, use the
webhook.

\`latchkey admin audit streams\` shows how far each is and what the last failure was; \`--rewind webhook --after
4711\` sends again what comes after 4711. Metrics: \`latchkey_audit_stream_behind_entries\`,
\`latchkey_audit_stream_behind_seconds\`, \`latchkey_audit_stream_failures\`, each by \`stream\`.

## Prune

Entries stay for ever unless somebody prunes them. This is the one way:

\`\`\`sh
latchkey admin audit export --output audit.jsonl --resume
latchkey admin audit prune --before 2025-01-01
\`\`\`

Whole ranges go, those whose checkpoint was made before that day. The checkpoints stay for ever, so an export of
what went can be checked against them. That it was done is an entry (\`audit_log.prune\`) and a signed row; a log
that is not as it was written is not pruned, nor what a stream has not sent yet (\`--unsent\` prunes it all the
same).

## An entry as it is exported

One JSON object a line, with GitHub's names.

| field | what it is |
| --- | --- |
| \`_document_id\` | its number. Later ones are larger; some numbers are never used |
| \`@timestamp\`, \`created_at\`, \`created\` | when, in milliseconds since 1970, and in ISO 8601 |
| \`action\` | the event |
| \`actor\`, \`actor_id\` | who: the login of then, and the account. \`operator\` is somebody at the machine, \`latchkey\` the server itself |
| \`actor_ip\`, \`user_agent\` | from where, with what |
| \`user\`, \`user_id\` | whose security log shows it |
| \`org\`, \`org_id\`; \`repo\`, \`repo_id\` | the organization and repository that it is about |
| \`about_token_id\` | the token that it is about |
| \`token_id\`, \`programmatic_access_type\`, \`user_programmatic_access_name\` | the token that it was done with |
| \`data\` | what the table below says |

Names beside an id (but for \`actor\`) are those of the time of the export. Ids and \`data\` are those of the entry.

## Check it yourself

The text of an entry is a JSON array of its columns, without spaces, as RFC 8785 writes it, in UTF-8; \`null\` where
there is nothing, and \`data_json\` as a string:

\`\`\`text
[${ENTRY_COLUMNS.join(', ')}]
\`\`\`

In an export these are \`_document_id\`, \`@timestamp\` / 1000, \`action\`, \`actor_id\`, \`actor\`, \`user_id\`,
\`org_id\`, \`repo_id\`, \`about_token_id\`, \`token_id\`, \`actor_ip\`, \`user_agent\`, and \`data\` as JSON without
spaces, its names in the order in which they stand.

A checkpoint is a line of its own:

\`\`\`json
{
  "action": "audit_log.checkpoint",
  "@timestamp": 1790000000000,
  "number": 2,
  "first_id": 501,
  "last_id": 730,
  "entries": 229,
  "entries_digest": "SHA-256 of the texts of these entries in the order of their ids, each with a line feed; hex",
  "previous": "digest of checkpoint 1; 64 zeros for the first",
  "digest": "SHA-256 of the array below as JSON without spaces; hex",
  "signature": "id of the key, a dot, HMAC-SHA256 of the digest"
}
\`\`\`

\`\`\`text
[number, first_id, last_id, entries, entries_digest, previous, at]
\`\`\`

\`at\` is \`@timestamp\` / 1000. A range begins where the one before ended, so an entry that was put in between shows.
`;

const EVENTS = `
## Events

What was done with a derived token has \`act\` in its \`data\`, whatever the event: \`derived_id\`, and the
\`agent\` and \`session\` that it was derived for. Those two are what the program said of itself; webhooks have the
same \`act\`.

An event keeps its name and its meaning for ever. Which names of \`data\` are there depends on what was done; secrets
are never among them.

| event | written when | operation | \`data\` |
| --- | --- | --- | --- |
`;

/** The whole document. */
export function auditDoc(): string {
  const rows = Object.entries<AuditEventRow>(AUDIT_EVENTS).map(
    ([name, { when, operation, data }]) =>
      `| \`${name}\` | ${when} | ${operation} | ${data.map((field) => `\`${field}\``).join(', ')} |\n`,
  );
  return `${HEAD}${EVENTS}${rows.join('')}`;
}
