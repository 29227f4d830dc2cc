/** For whoever is new here: the way to a first push, in three steps that tick themselves. */
import type { ComponentChildren, VNode } from 'preact';
import type { FirstSteps } from '../../../actions/tokens/use/first-steps.ts';
import type { Visit } from '../frame/visit.ts';
import { CommandBox, Icon } from '../parts/components.tsx';
import { FINE_GRAINED_PATH } from '../tokens/kinds.ts';
import { cloneUrl } from '../tokens/secret/next-steps.tsx';

/** @param repository `owner/name` of one that they can clone; null = there is none yet */
export function FirstStepsList({
  visit,
  steps: { made, cloned, pushed },
  repository,
}: {
  visit: Visit;
  steps: FirstSteps;
  repository: string | null;
}): VNode {
  const address = cloneUrl(visit.ctx.settings.publicUrl, visit.user.account.login, repository);
  return (
    <section class="Box p-3 mb-4" aria-labelledby="first-steps">
      <h2 class="f4 mb-2" id="first-steps">
        Three steps to your first push
      </h2>
      <ol class="lk-first-steps">
        <Step title="Make a token" isDone={made} isNext={!made}>
          <p class="mb-2">Git asks for a password. A token stands in for it, and does only what you choose.</p>
          <a class="btn btn-primary btn-sm" href={`${FINE_GRAINED_PATH}/new`}>
            New token
          </a>
        </Step>
        <Step title="Clone a repository" isDone={cloned} isNext={made && !cloned}>
          {repository === null ? (
            <>
              <p class="mb-2">You have no repository yet. Create one, or ask somebody to add you to theirs.</p>
              <a class="btn btn-sm" href="/new">
                New repository
              </a>
            </>
          ) : (
            <>
              <p class="mb-2">Run this, and paste the token where Git asks for a password.</p>
              <CommandBox id="first-clone" label="Git clone" lines={`git clone ${address}`} />
            </>
          )}
        </Step>
        <Step title="Push a change" isDone={pushed} isNext={made && cloned}>
          <p class="mb-0">Commit something in the clone, then push it. These steps go away after that.</p>
        </Step>
      </ol>
    </section>
  );
}

/** What is done is only its title; what comes later, too. */
function Step({
  title,
  isDone,
  isNext,
  children,
}: {
  title: string;
  isDone: boolean;
  isNext: boolean;
  children: ComponentChildren;
}): VNode {
  return (
    <li class={isNext ? '' : 'color-fg-muted'} {...(isNext ? { 'aria-current': 'step' as const } : {})}>
      <strong class="text-bold">{title}</strong>
      {isDone ? (
        <>
          {' '}
          <Icon name="check-circle-fill" /> done
        </>
      ) : null}
      {isNext ? <div class="mt-1">{children}</div> : null}
    </li>
  );
}
