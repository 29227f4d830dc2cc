/**
 * One run of upload-pack or receive-pack: its command, and its start in the caller's turn.
 *
 * Invariant: the environment is that of `processes/environment.ts`, with the repository's profile read before.
 */
import type { Log } from '../../base/log.ts';
import { currentSpan } from '../../base/trace.ts';
import { type Committer, filterConfig, gitEnvironment, type HookVariables } from '../processes/environment.ts';
import type { GitCommand, GitProcess, GitProcesses } from '../processes/git-process.ts';
import type { Profiles } from '../processes/profile.ts';
import type { Folders } from '../repositories/folders.ts';
import type { GitSettings } from '../repositories/git-settings.ts';
import { answerHook } from './content-scan.ts';
import { hooksOf, limitsOf, type PushChecks } from './hooks.ts';
import type { PrestartedProcesses } from './prestarted.ts';

export type GitService = 'upload-pack' | 'receive-pack';

/** One run of a service for a client. */
export interface ServiceRun extends PushChecks {
  readonly service: GitService;
  /** From `path`. */
  readonly path: string;
  /** True for the list of refs that opens protocol v0 and v1, and every push. */
  readonly advertise: boolean;
  /** The client's `Git-Protocol` header. */
  readonly protocol: string | undefined;
  /** True when git is to hold the whole conversation, from the list of refs to the pack, as it does over SSH. */
  readonly isWhole?: boolean;
  /** Whose turn in the queue this takes: a user or an address. */
  readonly caller: string;
  /** For a push: whom reflogs and hooks name. */
  readonly committer?: Committer;
  /** For a push: what the repository's own hooks are told, where an operator allows them. */
  readonly forOwnHooks?: HookVariables;
  /** For a push: the most bytes that git accepts; null = no limit. */
  readonly maxInputBytes: number | null;
}

/** The key that turns a service off in a repository's own config. */
export const SWITCHES = { 'upload-pack': 'uploadpack', 'receive-pack': 'receivepack' } as const;

function isPush({ service, advertise }: ServiceRun): boolean {
  return service === 'receive-pack' && !advertise;
}

export interface ServiceParts {
  readonly settings: Pick<GitSettings, 'allowRepositoryHooks' | 'partialClones' | 'readOnly'>;
  readonly folders: Folders;
  readonly profiles: Profiles;
  readonly processes: GitProcesses;
  readonly prestarted: PrestartedProcesses;
  readonly log: Log;
  /** The environment without hooks. */
  readonly plain: Record<string, string>;
  readonly maxFileBytes: number;
  readonly demandWrites: () => void;
}

export class Services {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async #commandOf(run: ServiceRun): Promise<GitCommand> {
    const { settings, folders, profiles } = this.#parts;
    const profile = await profiles.for(run.path, SWITCHES[run.service]);
    const hooks = hooksOf(folders, run, settings.allowRepositoryHooks);
    const config = [
      ...(settings.allowRepositoryHooks ? [] : profile.config),
      ...(run.service === 'upload-pack' ? filterConfig(settings.partialClones) : []),
      ...(run.advertise ? [] : limitsOf(run)),
    ];
    const environment = gitEnvironment({
      homeFolder: folders.home,
      protocol: run.protocol,
      config,
      ...hooks,
      forHooks: { ...(settings.allowRepositoryHooks ? run.forOwnHooks : {}), ...hooks.forHooks },
      committer: run.committer,
    });
    const args = [
      run.service,
      ...(run.isWhole === true ? [] : ['--stateless-rpc']),
      ...(run.advertise ? ['--advertise-refs'] : []),
      ...(run.service === 'upload-pack' ? ['--strict'] : []),
      run.path,
    ];
    return {
      args,
      environment,
      cwd: folders.root,
      tidiesUp: run.service === 'receive-pack',
      about: profile.fingerprint,
      asks: run.scan !== null,
    };
  }

  /** See `GitRoom.serve`. */
  async serve(run: ServiceRun, signal?: AbortSignal): Promise<GitProcess> {
    const { processes, prestarted, log, plain, maxFileBytes, demandWrites } = this.#parts;
    if (run.service !== 'upload-pack') demandWrites();
    const command = await this.#commandOf(run);
    const git = await processes.start(
      run.caller,
      command,
      signal,
      isPush(run) ? () => prestarted.take(command) : undefined,
    );
    if (run.scan !== null && git.question !== null)
      void answerHook(
        git.question,
        run.scan,
        { path: run.path, environment: { ...plain, GIT_FLUSH: '0' }, maxFileBytes },
        log,
      );
    return git;
  }

  /** See `GitRoom.prestart`. */
  async prestart(run: ServiceRun): Promise<void> {
    const { settings, processes, prestarted, log } = this.#parts;
    // A span shows how long a process took, so none is started ahead; and nobody must wait for a place because of a
    // push that may come.
    if (settings.readOnly || currentSpan() !== null || processes.queued > 0) return;
    try {
      prestarted.begin(await this.#commandOf(run));
    } catch (error) {
      log.debug({ err: error }, 'the process of a push could not be prepared');
    }
  }
}
