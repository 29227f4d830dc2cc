/** The batch API: what may be fetched or sent, and how (git-lfs, docs/api/batch.md). */
import { followUpOf } from '../../../actions/decision/authenticate.ts';
import { type BatchOutcome, MAX_BATCH, openBatch } from '../../../actions/lfs/batch.ts';
import { PASS_SEC } from '../../../actions/lfs/passes.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { GIT_NEEDS } from '../../../catalogue/needs.ts';
import type { ObjectName } from '../../../git/lfs/object-files.ts';
import { send } from './answer.ts';
import { type LfsCall, permitFor, presentedBy, readJson, Unreadable } from './call.ts';

const OPERATIONS = {
  download: { need: GIT_NEEDS['upload-pack'], purpose: 'fetch LFS objects of' },
  upload: { need: GIT_NEEDS['receive-pack'], purpose: 'send LFS objects to' },
} as const;

export async function answerBatch(call: LfsCall): Promise<void> {
  const { ctx, request, response } = call;
  const { operation, objects } = batchIn(await readJson(call));
  const { need, purpose } = OPERATIONS[operation];
  const presented = presentedBy(call);
  const permit = await permitFor(call, need, purpose, presented);
  if (permit === null) return;
  if (operation === 'upload') ctx.git.demandWrites();
  const { owner, repository } = targetRepository(permit);
  await ctx.git.demandService(owner.login, repository.name, operation === 'upload' ? 'receive-pack' : 'upload-pack');
  const holder = presented.form === 'ssh-key' ? presented : followUpOf(presented);
  const outcomes = await openBatch(ctx, permit, { operation, objects, holder });
  const base = `${ctx.settings.publicUrl}/${owner.login}/${repository.name}.git/info/lfs/objects`;
  send(request, response, areAllInvalid(outcomes) ? 422 : 200, {
    ...(areAllInvalid(outcomes) ? { message: messageOf(outcomes) } : {}),
    transfer: 'basic',
    hash_algo: 'sha256',
    objects: objects.map(({ oid, size }, i) => ({ oid, size, ...entry(outcomes[i], base) })),
  });
}

/** GitHub's and git-lfs's own rule: 422 only if not one object could be right. */
function areAllInvalid(outcomes: readonly BatchOutcome[]): boolean {
  return outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'error' && outcome.code === 422);
}

function messageOf(outcomes: readonly BatchOutcome[]): string {
  const [first] = outcomes;
  return first?.kind === 'error' ? first.message : '';
}

function entry(outcome: BatchOutcome | undefined, base: string): object {
  if (outcome === undefined || outcome.kind === 'present') return {};
  if (outcome.kind === 'error') return { error: { code: outcome.code, message: outcome.message } };
  const { pass, text } = outcome;
  const header = { Authorization: `Bearer ${text.reveal()}` };
  const href = `${base}/${pass.oid}`;
  if (pass.operation === 'download')
    return { authenticated: true, actions: { download: { href, header, expires_in: PASS_SEC } } };
  return {
    authenticated: true,
    actions: {
      // Otherwise git-lfs guesses a type from the content.
      upload: { href, header: { ...header, 'Content-Type': 'application/octet-stream' }, expires_in: PASS_SEC },
      verify: { href: `${href}/verify`, header, expires_in: PASS_SEC },
    },
  };
}

function batchIn(body: Readonly<Record<string, unknown>>): {
  readonly operation: keyof typeof OPERATIONS;
  readonly objects: readonly ObjectName[];
} {
  const { operation, objects, transfers, hash_algo: algorithm } = body;
  if (operation !== 'download' && operation !== 'upload')
    throw new Unreadable(422, 'The operation is download or upload.');
  if (algorithm !== undefined && algorithm !== 'sha256')
    throw new Unreadable(409, 'The only hash algorithm here is sha256.');
  if (Array.isArray(transfers) && transfers.length > 0 && !transfers.includes('basic'))
    throw new Unreadable(422, 'The only transfer here is basic.');
  if (!Array.isArray(objects)) throw new Unreadable(422, 'The objects are a list of {oid, size}.');
  if (objects.length > MAX_BATCH) throw new Unreadable(413, `A batch has at most ${MAX_BATCH} objects.`);
  return { operation, objects: objects.map(objectIn) };
}

/** What isn't an oid or a size is answered for its object alone. */
function objectIn(value: unknown): ObjectName {
  const { oid, size } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return { oid: typeof oid === 'string' ? oid.slice(0, 100) : '', size: typeof size === 'number' ? size : -1 };
}
