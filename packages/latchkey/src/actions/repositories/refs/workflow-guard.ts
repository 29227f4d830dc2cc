/**
 * Keeps callers without `workflows: write` from bringing workflow files to a ref by naming a commit: one that was made
 * over REST, or that lies in the repository since its branch was deleted.
 *
 * Invariant: whatever makes or moves a ref to a commit that the caller names asks here.
 */
import type { Plumbing } from '../../../git/objects/plumbing.ts';
import { bringsWorkflowFiles } from '../../../git/objects/workflow-files.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { explainWorkflows, WORKFLOWS } from '../content-refusals.ts';
import { MoveRefused } from './ref-guard.ts';

/** @throws MoveRefused when a ref at this object would bring workflow files that this caller may not write */
export async function demandWorkflows(ctx: Context, permit: Permit, plumbing: Plumbing, id: string): Promise<void> {
  if (permit.holds(WORKFLOWS) || !(await bringsWorkflowFiles(plumbing, id))) return;
  throw new MoveRefused(explainWorkflows(ctx, permit));
}
