/** A team in a list. */
import type { ComponentChildren, VNode } from 'preact';
import type { Team } from '../../../../actions/organizations/teams/teams.ts';
import { Label } from '../../parts/components.tsx';
import { organizationPath } from '../area.tsx';

export function TeamRow({
  organization,
  team,
  children,
}: {
  organization: string;
  team: Team;
  children?: ComponentChildren;
}): VNode {
  return (
    <li class="Box-row lk-break">
      <p class="mb-1">
        <a class="text-bold" href={organizationPath(organization, `teams/${team.slug}`)}>
          <bdi>{team.name}</bdi>
        </a>{' '}
        <span class="lk-mono">{team.slug}</span> {team.isSecret ? <Label tone="secondary">secret</Label> : null}
      </p>
      {team.description === '' ? null : (
        <p class="mb-1">
          <bdi>{team.description}</bdi>
        </p>
      )}
      {children}
    </li>
  );
}
