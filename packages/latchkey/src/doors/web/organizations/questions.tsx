/** What is asked before owners take something away: a member, a token, or a right by a stricter policy. */
import { roleOfPerson } from '../../../actions/organizations/organizations.ts';
import type { PolicyChange } from '../../../actions/organizations/policies.ts';
import {
  type Endings,
  endingsOfMember,
  endingsOfPolicy,
  endingsOfReach,
  type ReachEndings,
} from '../../../actions/organizations/what-ends.ts';
import type { Area } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import type { Consequence, Question } from '../frame/web-page.ts';
import { OrganizationArea, organizationPermit, tickedIds } from './area.tsx';
import { endingTokens, subjectOf, tokensOfPeople } from './endings.tsx';

export async function asksToRemoveMember(visit: Visit): Promise<Question> {
  const [org, login] = [visit.param('org'), visit.field('login')];
  const permit = await organizationPermit(visit, { members: 'write' });
  const endings = await endingsOfMember(visit.ctx, permit, org, login);
  const keepsRoles = visit.field('had_roles') !== '' && visit.field('roles') === '';
  return {
    title: `Remove ${login} from ${org}?`,
    lead: `What ${login} does in ${org} as a member ends with the next request.`,
    act: `Remove ${login}`,
    consequences: [
      keepsRoles ? tokensLoseMembership(endings, org) : endingTokens(endings, ` in ${org}`),
      ...(visit.field('had_roles') === ''
        ? []
        : [
            keepsRoles
              ? {
                  title: 'Stays: the roles of their own in repositories',
                  facts: 'Their tokens still reach these.',
                  stays: true,
                }
              : { title: 'The roles of their own in repositories end' },
          ]),
      {
        title: `Stays: their account, and what they pushed`,
        facts: `Tokens keep working outside of ${org}. Adding them again brings the membership back, not the roles.`,
        stays: true,
      },
    ],
    subject: [subjectOf(endings), keepsRoles],
    reasonGoesTo: '',
    within: OrganizationArea,
  };
}

/** Owners hold everything, so becoming one, or being one no longer, is asked about; null = neither happens. */
export async function asksToChangeRole(visit: Visit): Promise<Question | null> {
  const [org, wanted] = [visit.param('org'), visit.field('role')];
  const permit = await organizationPermit(visit, { members: 'write' });
  const { user, role } = await roleOfPerson(visit.ctx, permit, visit.field('login'));
  const { login } = user;
  const common = { subject: [role, wanted], within: OrganizationArea };
  if (wanted === 'owner' && role !== 'owner')
    return {
      title: `Make ${login} an owner of ${org}?`,
      lead: `Owners can do everything in ${org}, and take it from other owners.`,
      act: `Make ${login} an owner`,
      consequences: [
        { title: `${login} manages its people, policies, repositories and machine accounts` },
        {
          title: `${login} decides which tokens of others reach ${org}`,
          facts: 'You can undo this: make them a member.',
        },
      ],
      ...common,
    };
  if (wanted === 'owner' || role !== 'owner') return null;
  return {
    title: `Make ${login} a member of ${org} instead of an owner?`,
    lead: `What ${login} and their tokens do in ${org} as an owner is refused from the next request on.`,
    act: `Make ${login} a member`,
    consequences: [
      { title: `${login} no longer manages ${org}, nor decides on tokens` },
      {
        title: 'Stays: the membership, and roles of their own in repositories',
        facts: 'You can undo this: make them an owner again.',
        stays: true,
      },
    ],
    ...common,
  };
}

/** With roles of their own left, nobody can say which tokens stop. */
function tokensLoseMembership({ tokens }: Endings, org: string): Consequence {
  const count = tokens.length === 1 ? '1 token loses' : `${tokens.length} tokens lose`;
  return { title: `${count} what the membership gives in ${org}` };
}

const TOKENS_WRITE = { organization_personal_access_tokens: 'write' } as const;

/** Null when none is selected, or none of them reaches it: then `run` says so. Restoring ends nothing. */
export async function asksToRevokeReach(visit: Visit): Promise<Question | null> {
  const [org, ids] = [visit.param('org'), tickedIds(visit)];
  if (ids.length === 0 || visit.field('action') === 'restore') return null;
  const endings = await endingsOfReach(visit.ctx, await organizationPermit(visit, TOKENS_WRITE), org, ids);
  if (endings.tokens.length === 0) return null;
  const one = endings.tokens.length === 1;
  return {
    title: `Revoke ${one ? 'this token' : `${endings.tokens.length} tokens`} for ${org}?`,
    lead: `Whatever uses ${one ? 'it' : 'them'} in ${org} is refused from the next request on.`,
    act: `Revoke for ${org}`,
    consequences: [
      endingTokens(endings, ` in ${org}`),
      { title: `Stays: what ${one ? 'it does' : 'they do'} outside of ${org}`, facts: undoOf(endings), stays: true },
    ],
    subject: subjectOf(endings),
    reasonGoesTo: ` and the mail to ${endings.people === 1 ? endings.tokens[0]?.owner : 'their owners'}`,
    within: OrganizationArea,
  };
}

function undoOf({ grants, others }: ReachEndings): string {
  if (grants === 0) return 'You can undo this with one click.';
  if (others === 0) return `This can’t be undone here: ${grants === 1 ? 'its owner' : 'their owners'} can ask again.`;
  return 'Classic and scoped ones can be restored with one click. The owners of fine-grained ones can ask again.';
}

/** A policy that stops nothing is saved at once. */
export async function asksToSavePolicy(visit: Visit, change: PolicyChange): Promise<Question | null> {
  const permit = await organizationPermit(visit, { organization_administration: 'write' });
  const endings = await endingsOfPolicy(visit.ctx, permit, visit.param('org'), change);
  return policyQuestion(endings, OrganizationArea);
}

/** Null when nothing stops. */
export function policyQuestion(endings: Endings, frame: Area): Question | null {
  if (endings.tokens.length === 0) return null;
  const tokens = tokensOfPeople(endings);
  return {
    title: `Save the policy and block ${tokens}?`,
    lead: 'These work today, and are refused as soon as the policy is saved.',
    act: `Save and block ${tokens}`,
    consequences: [
      endingTokens(endings),
      {
        title: 'Stays: the tokens themselves',
        facts: 'They are refused, not deleted. You can undo this: with the old policy, they work again.',
        stays: true,
      },
    ],
    subject: subjectOf(endings),
    within: frame,
  };
}

/** What is asked before single sign-on is required, or another provider named. */
export function ssoQuestion(org: string, endings: Endings, members: { all: number; linked: number | null }): Question {
  const people = members.all === 1 ? '1 member proves' : `${members.all} members prove`;
  const without = members.linked === null ? 0 : members.all - members.linked;
  return {
    title: `Require single sign-on of ${org}?`,
    lead: 'From the next request on, whoever has not proved who they are reaches only what is public.',
    act: 'Require single sign-on',
    consequences: [
      endingTokens(endings, ` in ${org}`),
      {
        title: `${people} who they are, in each browser, every 24 hours`,
        facts: without === 0 ? null : `${without} of them ${without === 1 ? 'has' : 'have'} no identity there yet.`,
      },
      {
        title: 'Stays: memberships, the tokens themselves, outside collaborators',
        facts: 'You can undo this. A token works again once its owner authorizes it.',
        stays: true,
      },
    ],
    subject: [subjectOf(endings), members],
    within: OrganizationArea,
  };
}

/** Before new recovery codes take the place of the old ones. */
export function newCodesQuestion(left: number, within: Area): Question {
  return {
    title: 'Make new recovery codes?',
    lead: 'The old ones stop working at once, wherever they are kept.',
    act: 'Make new recovery codes',
    consequences: [{ title: `${left} old ${left === 1 ? 'code stops' : 'codes stop'} working` }],
    subject: left,
    within,
  };
}
