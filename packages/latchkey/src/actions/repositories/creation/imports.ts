/**
 * A repository copied from another server, at once: branches, tags and notes, as they are there now.
 *
 * Invariant: either the whole copy is here, or nothing: it is made out of sight, and registered when it is complete.
 * Never: a credential in an error, a log, an argument, or on the disk.
 */
import { problem } from '../../../base/errors.ts';
import { GitFailure } from '../../../git/processes/git-process.ts';
import { lastWords } from '../../../git/repositories/remote-import.ts';
import type { Repository } from '../../../store/repositories.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { checkNewName, type NewRepositoryDraft, registerRepository } from '../repositories.ts';
import { openRelay, type Remote, remoteProblem } from './relay.ts';

/** Where a copy comes from. */
export interface ImportDraft extends NewRepositoryDraft, Omit<Remote, 'url'> {
  readonly url: string;
}

/** A copy that is here. */
export interface ImportedCopy {
  readonly repository: Repository;
  /** How many branches, tags and notes it has. */
  readonly refs: number;
}

interface ImportOptions {
  readonly signal: AbortSignal;
  /** Called with all bytes that came so far. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Copies a repository from another server.
 * @throws Problem with the reason, in words, when it can't be had whole; then nothing was made
 */
export async function importFromServer(
  ctx: Context,
  permit: Permit,
  draft: ImportDraft,
  { signal, onBytes }: ImportOptions,
): Promise<ImportedCopy> {
  const { webhookNetworks: allowedNetworks, maxRepositoryMib: maxMib } = ctx.settings;
  const wrong = remoteProblem(draft.url, allowedNetworks);
  if (wrong !== null) throw problem('invalid', wrong, 'url');
  const owner = await checkNewName(ctx, draft);
  const remote = { url: new URL(draft.url), username: draft.username, secret: draft.secret };
  const relay = await openRelay(remote, { allowedNetworks, maxMib, service: 'git-upload-pack', onBytes });
  try {
    const refs = await ctx.git.importRemote(relay, owner.login, draft.name, signal);
    try {
      const of = { owner, draft, action: 'repo.import', objectFormat: refs.objectFormat } as const;
      return { repository: await registerRepository(ctx, permit, of), refs: refs.count };
    } catch (error) {
      await ctx.git.remove(owner.login, draft.name);
      throw error;
    }
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw problem(
      'unprocessable',
      `The repository could not be copied: ${relay.problem() ?? lastWords(error)}.`,
      'url',
    );
  } finally {
    await relay.close();
  }
}
